"""Where a scenario plays: what a config needs there, and what may be looked at and done."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

Pods = dict[str, dict[str, Any]]


class Stage(Protocol):
    """A cluster of which a test has a namespace of its own."""

    name: str
    host: str  # where GitLab must listen so that pods reach it
    folder: Path
    repository: Path
    helper: str  # podlane's own image
    python: str  # the Python that podlane runs in, in its container

    @property
    def home(self) -> str:
        """The namespace of the test."""

    @property
    def builds(self) -> str:
        """The `builds_dir` that `runner` gives."""

    def runner(self) -> dict[str, Any]:
        """The keys of a `[[runners]]` entry that this stage needs."""

    def environ(self) -> Mapping[str, str]:
        """What the manager's environment needs."""

    async def objects(self) -> list[str]:
        """`kind/name` of each object with podlane's label; the kind in its plural."""

    def watch_pods(self) -> AbstractAsyncContextManager[Pods]:
        """Podlane's pods by name, each as it was last seen: the dict fills as they come."""

    async def create(self, manifest: dict[str, Any]) -> None:
        """Make an object, as an administrator would."""

    async def make_namespace(self, name: str) -> None:
        """Make another namespace, which goes with the test."""

    async def namespaces(self) -> list[str]:
        """Those with podlane's label."""

    async def enforce(self, level: str) -> None:
        """Let the namespace take only pods of this Pod Security Standard."""

    async def delete_pods(self, *, grace: int | None = None) -> None:
        """Delete the pods of the namespace, as an administrator would; `grace`: in place of the
        pod's own, in seconds."""

    async def evict_pods(self) -> None:
        """Ask for the pods' eviction, as a drain does."""

    async def kill(self, container: str) -> None:
        """SIGKILL to the container's processes, in each pod, as a fault of the node would."""

    async def out_of_memory(self) -> None:
        """Kill the build containers as the kernel does, where no kernel does."""

    def trouble(self, faults: tuple[dict[str, Any], ...]) -> None:
        """Let go wrong what only the embedded cluster can be told."""

    async def log(self, pod: str, container: str) -> str:
        """What a container has printed so far."""

    async def describe(self) -> str:
        """What there is to see, for the message of a failed test."""
