"""What was asked of the API server, by its own audit log: who asked, for what, and when."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

Right = tuple[str, str, str]  # API group, resource with its subresource, verb


class Asked(msgspec.Struct, frozen=True):
    """`answered_at`: seconds since the epoch."""

    right: Right
    name: str
    is_forbidden: bool
    code: int
    answered_at: float


class Audit:
    """The part of the log that is written from now on. A watch is in it once it has ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size

    def requests(self, namespace: str) -> Counter[str]:
        """What podlane asked for in a namespace, beside its watches."""
        counted: Counter[str] = Counter()
        for event in self._events():
            about = event.get("objectRef", {})
            if not event.get("userAgent", "").startswith("podlane"):
                continue
            if event["verb"] == "watch" or about.get("namespace") != namespace:
                continue
            counted[f"{event['verb']} {about.get('resource')}"] += 1
        return counted

    def by(self, user: str) -> list[Asked]:
        """What a user has asked for, wherever it was."""
        return [_asked(one) for one in self._events() if one["user"].get("username") == user]

    def _events(self) -> Iterator[dict[str, Any]]:
        with self._path.open("rb") as log:
            log.seek(self._offset)
            for line in log:
                if line.endswith(b"\n"):  # the last one may be on its way
                    yield json.loads(line)


def _asked(event: dict[str, Any]) -> Asked:
    about = event.get("objectRef", {})
    parts = (about.get("resource"), about.get("subresource"))
    resource = "/".join(part for part in parts if part) or event["requestURI"]
    return Asked(
        right=(about.get("apiGroup", ""), resource, event["verb"]),
        name=about.get("name", ""),
        is_forbidden=event.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid",
        code=event.get("responseStatus", {}).get("code", 0),
        answered_at=datetime.fromisoformat(event["stageTimestamp"]).timestamp(),
    )
