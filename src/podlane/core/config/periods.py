"""Periods of time in config.toml: cron expressions and the time zone whose clock they are read by.

The zone's rules are not core's matter: who asks hands in the clock's reading there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from podlane.core.text.cron import matches, parse_cron

LOCAL = "Local"


def covers(periods: Iterable[str], reading: datetime) -> bool:
    """Tell whether one of `periods` covers the clock's reading; no periods at all: always."""
    wanted = tuple(periods)
    return not wanted or any(matches(parse_cron(text), reading) for text in wanted)


def faults(periods: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What of the key `periods` cannot be read."""
    for number, text in enumerate(periods):
        try:
            parse_cron(text)
        except ValueError as error:
            yield f"periods[{number}]", f"is no period: {error}"
