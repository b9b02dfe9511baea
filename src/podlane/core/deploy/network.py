"""What is made on request: who may talk to the manager, and how Prometheus finds it."""

from __future__ import annotations

from podlane.core.deploy.wish import METRICS_PORT, Manifest, Wish, metadata


def network_policy(wish: Wish) -> Manifest:
    """Nobody but the metrics port is let in; the way out stays open, for GitLab may be anywhere."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(wish, wish.name),
        "spec": {
            "podSelector": {"matchLabels": wish.labels},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"port": METRICS_PORT, "protocol": "TCP"}]}],
        },
    }


def service(wish: Wish) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(wish, wish.name),
        "spec": {
            "selector": wish.labels,
            "ports": [{"name": "metrics", "port": METRICS_PORT, "targetPort": "metrics"}],
        },
    }


def service_monitor(wish: Wish) -> Manifest:
    """For the Prometheus operator, whose kind it is."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(wish, wish.name),
        "spec": {
            "selector": {"matchLabels": wish.labels},
            "endpoints": [{"port": "metrics"}],
        },
    }
