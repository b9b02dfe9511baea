"""When GitLab hears of a job: it asks for an interval; between, we touch the job; and when it does
not answer, we ask less and less often."""

from __future__ import annotations

_TOUCH = 30.0
_TOUCH_INTERVALS = 4
_WATCHED_INTERVAL = 3.0
_WATCHED_TOUCH = 5.0
_MOST_PAUSE = 15.0
_HURRIED = 0.5


def touch_after(interval: float, silence: float) -> float:
    """Seconds of silence after which GitLab is asked, given the interval that it asks for.

    Who watches the log, as a short interval tells, may press cancel. `silence`: the most.
    """
    if interval <= _WATCHED_INTERVAL:
        return min(_WATCHED_TOUCH, 2 * interval)
    return min(silence, max(_TOUCH, _TOUCH_INTERVALS * interval))


def send_after(interval: float, silence: float, *, is_hurried: bool = False) -> float:
    """Seconds after which a part of the log that waits is sent.

    `is_hurried`: the pod has been told to end, and may be killed at any moment.
    """
    return min(interval, silence, _HURRIED if is_hurried else silence)


def pause_after(failures: int, spread: float, *, is_hurried: bool = False) -> float:
    """Seconds before a call is made again that has failed so often in a row.

    `spread`, from 0 to 1, is chance: a thousand pods must not all come back at once.
    """
    most = 2 * _HURRIED if is_hurried else _MOST_PAUSE
    return min(2.0 ** min(failures - 1, 10), most) * (0.75 + 0.5 * spread)
