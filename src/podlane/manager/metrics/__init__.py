"""What the manager counts and shows of itself, under gitlab-runner's names where they mean it."""
