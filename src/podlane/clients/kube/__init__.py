"""The Kubernetes API, as far as podlane needs it."""
