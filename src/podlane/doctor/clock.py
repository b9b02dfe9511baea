"""Our clock beside a server's: signatures, tokens and certificates go by the time."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from podlane.doctor.finding import Finding, ok, skipped

_MOST = 60.0


def clock(check: str, who: str, headers: Mapping[str, str], now: float) -> Finding:
    """`headers` are those of an answer that came at `now`."""
    try:
        theirs = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return skipped(check, f"{who} does not tell its time")
    ahead = now - theirs
    if abs(ahead) <= _MOST:
        return ok(check, f"within a minute of {who}")
    side = "ahead of" if ahead > 0 else "behind"
    return Finding(
        "warn",
        check,
        f"this machine's clock is {abs(ahead):.0f} s {side} that of {who}",
        "set the clock right here or there (NTP): signed URLs, tokens and certificates go by it",
    )
