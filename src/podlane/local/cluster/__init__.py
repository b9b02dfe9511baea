"""A small part of the Kubernetes API, embedded; pods are processes."""
