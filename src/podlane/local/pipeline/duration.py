"""Times as people write them in `.gitlab-ci.yml`: `1h 30m`, `2 hours and 5 minutes`, `3600`."""

from __future__ import annotations

import re

_UNITS = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
    "w": 604800, "wk": 604800, "week": 604800, "weeks": 604800,
    "mo": 2592000, "mos": 2592000, "month": 2592000, "months": 2592000,
    "y": 31557600, "yr": 31557600, "yrs": 31557600, "year": 31557600, "years": 31557600,
}  # fmt: skip
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)?\s*(?:,|\band\b)?\s*", re.IGNORECASE)


def parse_duration(text: str) -> int | None:
    """Seconds; None when it is no duration. A bare number is seconds."""
    position, total, found = 0, 0.0, False
    while position < len(text):
        part = _PART.match(text, position)
        unit = _UNITS.get((part.group(2) or "s").lower()) if part else None
        if part is None or unit is None:
            return None
        total += float(part.group(1)) * unit
        position, found = part.end(), True
    return round(total) if found else None
