"""podlane: a GitLab Runner for Kubernetes. One pod per job, and the pod is the runner."""

__version__ = "0.1.0"
