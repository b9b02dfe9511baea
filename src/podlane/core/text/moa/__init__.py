"""Moa, GitLab's expression language in `${{ }}`, from its reference (GitLab 18.10)."""
