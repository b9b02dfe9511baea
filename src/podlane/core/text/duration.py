"""Go's durations (`1h30m`, `500ms`) to seconds and back: config.toml and GitLab write them so."""

from __future__ import annotations

import re

_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


def parse_duration(text: str) -> float:
    """Return the seconds that `text` stands for; ValueError says what a duration looks like."""
    sign = -1.0 if text.startswith("-") else 1.0
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0.0
    seconds, end = 0.0, 0
    while part := _PART.match(rest, end):
        seconds += float(part[1]) * _UNITS[part[2]]
        end = part.end()
    if not rest or end != len(rest):
        raise ValueError("a duration is written like `90s`, `10m` or `1h30m`")
    return sign * seconds


def format_duration(seconds: float) -> str:
    """Write `seconds` the way Go prints a duration: `1h0m5s`, `2m0s`, `1.5s`."""
    sign = "-" if seconds < 0 else ""
    milliseconds = round(abs(seconds) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    second = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    if hours:
        return f"{sign}{hours}h{minutes}m{second}"
    return f"{sign}{minutes}m{second}" if minutes else f"{sign}{second}"
