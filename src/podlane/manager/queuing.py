"""What a payload tells of the queue at GitLab: how long the job waited there, held against
`job_queuing_durations` as it is received."""

from __future__ import annotations

import msgspec

from podlane.core.config.monitoring import Monitoring, waited_too_long
from podlane.manager.zones import reading_in


class Info(msgspec.Struct, frozen=True):
    time_in_queue_seconds: float | None = None
    project_jobs_running_on_instance_runners_count: str | None = None
    queue_size: int = 0
    queue_depth: int = 0


class Head(msgspec.Struct, frozen=True):
    """The few fields of a payload that this needs."""

    job_info: Info | None = None


def has_waited_too_long(info: Info, monitoring: Monitoring) -> bool:
    running = info.project_jobs_running_on_instance_runners_count or ""
    return waited_too_long(monitoring, info.time_in_queue_seconds or 0, running, reading_in)
