"""Counts a manager's requests in the API server's audit log, by verb and resource."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path


class Audit:
    """The part of the log that is written from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size

    def requests(self, namespace: str) -> Counter[str]:
        """What podlane asked for in a namespace, beside its watches."""
        counted: Counter[str] = Counter()
        with self._path.open("rb") as log:
            log.seek(self._offset)
            for line in log:
                event = json.loads(line)
                about = event.get("objectRef", {})
                if not event.get("userAgent", "").startswith("podlane"):
                    continue
                if event["verb"] == "watch" or about.get("namespace") != namespace:
                    continue
                counted[f"{event['verb']} {about.get('resource')}"] += 1
        return counted
