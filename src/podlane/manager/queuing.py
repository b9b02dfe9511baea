"""How long a job waited at GitLab, held against `job_queuing_durations` as it is received."""

from __future__ import annotations

import msgspec

from podlane.core.config.monitoring import Monitoring, waited_too_long
from podlane.manager.zones import reading_in


class _Info(msgspec.Struct, frozen=True):
    time_in_queue_seconds: float | None = None
    project_jobs_running_on_instance_runners_count: str | None = None


class _Head(msgspec.Struct, frozen=True):
    """The few fields of a payload that this needs."""

    job_info: _Info | None = None


def has_waited_too_long(body: bytes, monitoring: Monitoring) -> bool:
    """Tell it of a payload; of what cannot be read nothing is told here."""
    if not monitoring.job_queuing_durations:
        return False
    try:
        info = msgspec.json.decode(body, type=_Head).job_info or _Info()
    except msgspec.MsgspecError:
        return False
    running = info.project_jobs_running_on_instance_runners_count or ""
    return waited_too_long(monitoring, info.time_in_queue_seconds or 0, running, reading_in)
