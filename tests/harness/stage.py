"""Where a scenario plays: what a config needs there, and what may be looked at and done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Stage(Protocol):
    """A cluster of which a test has a namespace of its own."""

    name: str
    host: str  # where GitLab must listen so that pods reach it
    folder: Path
    repository: Path

    def runner(self) -> dict[str, Any]:
        """The keys of a `[[runners]]` entry that this stage needs."""

    def environ(self) -> Mapping[str, str]:
        """What the manager's environment needs."""

    async def objects(self) -> list[str]:
        """`kind/name` of each object with podlane's label."""

    async def delete_pods(self) -> None:
        """Delete the pods of the namespace, as an administrator would."""

    async def describe(self) -> str:
        """What there is to see, for the message of a failed test."""
