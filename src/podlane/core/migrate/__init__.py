"""From a running gitlab-runner to podlane: what it runs with, and what of it has no place here."""
