"""The record of a finished job in the usage log, for who counts what jobs cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from podlane.core.job.outcome import Outcome


class Ended(msgspec.Struct, frozen=True):
    """A job that is over. `uuid` is the same whoever tells of this job. `url`: its page in GitLab,
    "" where it is not known; times are seconds since the epoch. `waits`: those of its last word."""

    uuid: str
    url: str
    began_at: float
    ended_at: float
    outcome: Outcome
    waits: tuple[float, ...] = ()


class Who(msgspec.Struct, frozen=True):
    """The runner: its short token, its name, and which of its managers tells."""

    id: str
    name: str
    system_id: str


def usage_record(ended: Ended, who: Who, labels: Mapping[str, str]) -> dict[str, Any]:
    outcome = ended.outcome
    reason = {"failure_reason": str(outcome.failure_reason)} if outcome.failure_reason else {}
    job = {
        "url": ended.url,
        "duration_seconds": round(max(0.0, ended.ended_at - ended.began_at), 3),
        "status": outcome.state,
    }
    at = datetime.fromtimestamp(ended.ended_at, UTC)
    record = {
        "uuid": ended.uuid,
        "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "runner": {"id": who.id, "name": who.name, "system_id": who.system_id},
        "job": job | reason,
    }
    return record | ({"labels": dict(labels)} if labels else {})
