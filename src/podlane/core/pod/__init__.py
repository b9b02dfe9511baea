"""What Kubernetes is asked for, and what its answer means."""
