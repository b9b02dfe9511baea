""".gitlab-ci.yml to job payloads, and the order of a pipeline."""
