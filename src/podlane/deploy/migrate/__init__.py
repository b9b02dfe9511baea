"""`podlane migrate`: podlane in the place of a gitlab-runner, and back."""
