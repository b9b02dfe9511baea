"""Where the pod may run."""

from __future__ import annotations

from typing import Any

from podlane.core.config.kubernetes import KubernetesConfig


def node_selector(kubernetes: KubernetesConfig) -> dict[str, str]:
    return dict(kubernetes.node_selector)


def tolerations(kubernetes: KubernetesConfig) -> list[dict[str, Any]]:
    """`key=value` → effect, or `key` → effect; an empty key tolerates everything."""
    return [_toleration(key, effect) for key, effect in kubernetes.node_tolerations.items()]


def _toleration(text: str, effect: str) -> dict[str, Any]:
    key, mark, value = text.partition("=")
    return {
        "key": key,
        "operator": "Equal" if mark else "Exists",
        "value": value,
        "effect": effect,
    }
