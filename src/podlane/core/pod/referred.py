"""The objects of a cluster that a runner's settings name, and that must be there for its jobs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig

_VOLUMES = ("secret", "config_map", "pvc")


class Reference(msgspec.Struct, frozen=True):
    """`kind`: account, or as volumes are named; `key`: the config's, below `kubernetes`."""

    kind: str
    name: str
    key: str


def referred(kubernetes: KubernetesConfig) -> Iterator[Reference]:
    """In file order, without names that only a job fills in."""
    for one in _every(kubernetes):
        if one.name and "$" not in one.name:
            yield one


def _every(kubernetes: KubernetesConfig) -> Iterator[Reference]:
    yield Reference("account", kubernetes.service_account, "service_account")
    for index, name in enumerate(kubernetes.image_pull_secrets):
        yield Reference("secret", name, f"image_pull_secrets[{index}]")
    for kind in _VOLUMES:
        for index, volume in enumerate(getattr(kubernetes.volumes, kind)):
            yield Reference(kind, volume.name, f"volumes.{kind}[{index}].name")
