"""A later attempt of a job, claimed before its pod is made: a Secret that the record owns.

Of two managers the one that makes it is the first, and no pod of an earlier attempt is made from
then on. It holds the size that the trace had before the attempt.
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from podlane.core.pod.state import RecordState
from podlane.errors import Rejected

Manifest = dict[str, Any]


class Claimed(msgspec.Struct, frozen=True):
    """`pulls_failed`: how many pull policies of each container have failed before it."""

    attempt: int = 0
    size: int = 0
    pulls_failed: dict[str, int] = {}


def name(record: RecordState, attempt: int) -> str:
    return f"{record.name}-attempt-{attempt}"


def written(record: RecordState, claimed: Claimed, labels: dict[str, str]) -> Manifest:
    data = base64.b64encode(msgspec.json.encode(claimed)).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name(record, claimed.attempt), "labels": labels},
        "data": {"attempt": data},
    }


def read(secret: Manifest, attempt: int) -> Claimed:
    """Rejected: it is none, or of another attempt than its name says."""
    try:
        data = base64.b64decode(secret.get("data", {}).get("attempt", ""))
        found = msgspec.json.decode(data, type=Claimed)
    except (ValueError, msgspec.MsgspecError):
        found = Claimed()
    if found.attempt != attempt:
        where = secret["metadata"]["name"]
        text = f"the Secret {where} does not hold attempt {attempt}"
        raise Rejected(text, service="kubernetes", status=422)
    return found
