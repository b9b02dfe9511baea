"""How long GitLab hears nothing of a job: it asks for an interval; between, we touch the job."""

from __future__ import annotations

_TOUCH = 30.0
_TOUCH_INTERVALS = 4
_WATCHED_INTERVAL = 3.0
_WATCHED_TOUCH = 5.0


def touch_after(interval: float, silence: float) -> float:
    """Seconds of silence after which GitLab is asked, given the interval that it asks for.

    Who watches the log, as a short interval tells, may press cancel. `silence`: the most.
    """
    if interval <= _WATCHED_INTERVAL:
        return min(_WATCHED_TOUCH, 2 * interval)
    return min(silence, max(_TOUCH, _TOUCH_INTERVALS * interval))


def send_after(interval: float, silence: float) -> float:
    """Seconds after which a part of the log that waits is sent."""
    return min(interval, silence)
