"""The GitLab side of the runner API, embedded; written from the protocol."""
