"""What GitLab asks for, and how it ended, in GitLab's words."""
