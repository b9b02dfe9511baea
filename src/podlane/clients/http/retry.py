"""When a busy server is asked again, as data: which statuses, how often, after how long.

The policy is gitlab-runner's for every call to GitLab. Who may not wait (a question for a job, a
trace) hands the pause on in `Unavailable.retry_after` instead.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from datetime import UTC

import msgspec

_BUSY = frozenset((408, 429, 500, 502, 503, 504))
_LONGEST_WAIT = 3600.0


class Retries(msgspec.Struct, frozen=True):
    """`tries` in all; the pauses double from `first` up to `most` seconds, with jitter."""

    tries: int = 5
    first: float = 0.1
    most: float = 60.0

    def pauses(self) -> Iterator[float]:
        """The pauses between the tries: one fewer than there are tries."""
        pause = self.first
        for _ in range(self.tries - 1):
            yield pause * random.uniform(0.75, 1.0)
            pause = min(pause * 2, self.most)


def is_busy(status: int) -> bool:
    return status in _BUSY or status >= 512


def told_pause(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the server asks for, None when it does not say. `headers` have lower-case names.

    `RateLimit-ResetTime` (a date) goes before `Retry-After` (seconds), as in gitlab-runner.
    """
    if date := headers.get("ratelimit-resettime", ""):
        seconds = _until(date, now)
        if seconds > 0:
            return min(seconds, _LONGEST_WAIT)
    found = re.fullmatch(r"\s*([0-9]{1,6})\s*", headers.get("retry-after", ""))
    return min(float(found.group(1)), _LONGEST_WAIT) if found else None


def _until(date: str, now: float) -> float:
    from email.utils import parsedate_to_datetime

    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return 0.0
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return found.timestamp() - now
