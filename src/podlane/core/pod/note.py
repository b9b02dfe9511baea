"""The note that leads a manager to a namespace which its jobs went to: a Secret without data.

It has podlane's labels, so that the watch of the runner's own namespace brings it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from podlane.core.pod import names


def note(selector: str, namespace: str) -> dict[str, Any]:
    """`selector`: that of the installation, whose labels the note is found by."""
    labels = dict(part.split("=", 1) for part in selector.split(","))
    digest = hashlib.sha256(f"{selector}\n{namespace}".encode()).hexdigest()[:12]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"podlane-went-to-{digest}",
            "labels": labels | {names.NOTED: namespace},
        },
        "type": "Opaque",
        "immutable": True,
    }
