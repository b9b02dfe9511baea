"""When a runner's token was issued and ends, as config.toml keeps it, and when to exchange it.

A token without an end has gitlab-runner's zero time, so that an older end does not stay behind.
"""

from __future__ import annotations

from datetime import UTC, datetime

NEVER = datetime(1, 1, 1, tzinfo=UTC)
_SHARE = 0.75  # of its lifetime, after which a token is exchanged


def token_times(now: datetime, expires_at: str) -> dict[str, datetime]:
    """Return `token_obtained_at` and `token_expires_at`."""
    end = read_time(expires_at) or NEVER
    return {"token_obtained_at": now.replace(microsecond=0), "token_expires_at": end}


def read_time(text: str) -> datetime | None:
    """The time; None for the zero time and for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if found > NEVER else None


def rotation_time(obtained_at: str, expires_at: str) -> datetime | None:
    """When the token is to be exchanged; None when it has no end. One whose beginning is not known
    is exchanged at once: then it is."""
    end = read_time(expires_at)
    if end is None:
        return None
    begin = read_time(obtained_at) or NEVER
    return begin + (end - begin) * _SHARE if NEVER < begin < end else NEVER
