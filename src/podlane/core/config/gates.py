"""The patterns that say which names and entries a job may choose: `<key>_overwrite_allowed`."""

from __future__ import annotations

from collections.abc import Iterator

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.text.re2.match import compiled

PATTERNS = (
    "namespace_overwrite_allowed",
    "service_account_overwrite_allowed",
    "node_selector_overwrite_allowed",
    "node_tolerations_overwrite_allowed",
    "pod_labels_overwrite_allowed",
    "pod_annotations_overwrite_allowed",
)


def faults(kubernetes: KubernetesConfig) -> Iterator[tuple[str, str]]:
    """Patterns that are none: key and what is wrong with it."""
    for key in PATTERNS:
        try:
            compiled(getattr(kubernetes, key))
        except ValueError as error:
            yield key, f"is no regular expression (Go's, RE2): {error}"
