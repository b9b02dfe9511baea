"""What is said of settings that a namespace of a job's own leaves without effect, or without an
object: it is new and empty."""

from __future__ import annotations

from collections.abc import Iterator

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.notes import ConfigNote
from podlane.core.config.place import Found, Place

_NEEDS = (
    "names an object that the new, empty namespace of a job does not have (`namespace_per_job`)"
)


def remarks(kubernetes: KubernetesConfig, place: Place) -> list[Found]:
    """`place`: the table `kubernetes` of its runner."""
    if not kubernetes.namespace_per_job:
        return []
    return [_found(key, what, place) for key, what in _remarks(kubernetes)]


def _remarks(kubernetes: KubernetesConfig) -> Iterator[tuple[str, str]]:
    if kubernetes.namespace_overwrite_allowed:
        yield "namespace_overwrite_allowed", "has no effect beside `namespace_per_job = true`"
    if kubernetes.service_account not in ("", "default"):
        yield "service_account", _NEEDS
    if kubernetes.image_pull_secrets:
        yield "image_pull_secrets", _NEEDS
    for kind in ("secret", "config_map", "pvc"):
        if getattr(kubernetes.volumes, kind):
            yield f"volumes.{kind}", _NEEDS


def _found(key: str, what: str, place: Place) -> Found:
    shown = place.key(key)
    note = ConfigNote("careful", shown, f"`{shown}` {what}")
    return Found(note, (*place.path, *key.split(".")))
