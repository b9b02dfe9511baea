"""PROGRAM: the same with neither GitLab nor Kubernetes; also what tests run on."""
