"""The runner API of GitLab."""
