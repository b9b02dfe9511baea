"""A Kubernetes API on loopback, written from its documentation, whose pods are processes."""

from podlane.local.cluster.cluster import Cluster

__all__ = ["Cluster"]
