"""Time zones: what a clock shows in one now, and which keys of a runner name one that is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from podlane.core.config.model import RunnerConfig
from podlane.core.config.periods import LOCAL


def reading_in(zone: str) -> datetime:
    """What a clock shows now in `zone`, or where this machine is."""
    now = datetime.now(UTC)
    return now.astimezone() if zone == LOCAL else now.astimezone(ZoneInfo(zone))


def faults(runner: RunnerConfig) -> Iterator[tuple[str, str, str]]:
    """Key, what is wrong, and what to do."""
    for key, zone in _named(runner):
        if zone in ("", LOCAL) or _is_known(zone):
            continue
        known = available_timezones()
        near = difflib.get_close_matches(zone, known, 1)
        hint = f"the nearest one is `{near[0]}`" if near else "write it like `Europe/Berlin`"
        if not known:
            hint = "this machine knows no time zones: install its package `tzdata`"
        yield key, f"is no time zone: {zone}", hint


def _named(runner: RunnerConfig) -> Iterator[tuple[str, str]]:
    for number, entry in enumerate(runner.monitoring.job_queuing_durations):
        yield f"monitoring.job_queuing_durations[{number}].timezone", entry.timezone
    for number, policy in enumerate(runner.kubernetes.autoscaler.policy):
        yield f"kubernetes.autoscaler.policy[{number}].timezone", policy.timezone


def _is_known(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # not there; no name; a folder
        return False
    return True
