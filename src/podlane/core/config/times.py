"""When a runner's token was issued and when it ends, as config.toml keeps it.

A token without an end has gitlab-runner's zero time, so that an older end does not stay behind.
"""

from __future__ import annotations

from datetime import UTC, datetime

NEVER = datetime(1, 1, 1, tzinfo=UTC)


def token_times(now: datetime, expires_at: str) -> dict[str, datetime]:
    """Return `token_obtained_at` and `token_expires_at`."""
    try:
        end = datetime.fromisoformat(expires_at)
    except ValueError:
        end = NEVER
    if not end.tzinfo:
        end = end.replace(tzinfo=UTC)
    return {"token_obtained_at": now.replace(microsecond=0), "token_expires_at": end}
