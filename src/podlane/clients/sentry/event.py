"""One event for Sentry, as a request: its envelope protocol, version 7.

Of an exception its type and the lines of code it passed go, never its words or variables: they may
hold a job's data. Every other text has what looks like a secret taken out.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from podlane.clients.http.request import Request
from podlane.core.config.dsn import Dsn

_SECRETS = re.compile(
    r"://[^\s/@]+@"  # of a URL
    r"|\bgl[a-z]{1,8}-[\w.-]{8,}"  # GitLab's tokens
    r"|\b(?:bearer|basic|token)[\s:=]+\S+"
    r"|\b(?:ey[\w-]{10,}\.[\w-]+\.[\w-]*|[0-9a-fA-F]{24,}|[A-Za-z0-9+/_-]{40,}={0,2})",
    re.IGNORECASE,
)
_HIDDEN = "***"
_LONGEST = 1000
_FRAMES = 50


class Event(msgspec.Struct, frozen=True):
    """`fields` are those of the log line; `level`: error or fatal."""

    id: str
    at: float
    level: str
    logger: str
    message: str
    fields: Mapping[str, object] = {}
    error: BaseException | None = None


def scrubbed(text: str) -> str:
    return _SECRETS.sub(lambda found: f"://{_HIDDEN}@" if found[0][0] == ":" else _HIDDEN, text)[
        :_LONGEST
    ]


def send_event(dsn: Dsn, event: Event, version: str) -> Request:
    at = datetime.fromtimestamp(event.at, UTC).isoformat()
    body: dict[str, Any] = {
        "event_id": event.id,
        "timestamp": at,
        "platform": "python",
        "level": event.level,
        "logger": event.logger,
        "release": f"podlane@{version}",
        "logentry": {"formatted": scrubbed(event.message)},
        "extra": {key: scrubbed(str(value)) for key, value in event.fields.items()},
    }
    if event.error is not None:
        body["exception"] = {"values": list(_exceptions(event.error))}
    item = msgspec.json.encode(body)
    heads = ({"event_id": event.id, "sent_at": at}, {"type": "event", "length": len(item)})
    head, item_head = (msgspec.json.encode(one) for one in heads)
    client = f"podlane/{version}"
    auth = f"Sentry sentry_version=7, sentry_client={client}, sentry_key={dsn.key.reveal()}"
    headers = {"Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": auth}
    return Request("POST", dsn.url, headers, b"\n".join((head, item_head, item, b"")))


def _exceptions(error: BaseException) -> Iterator[dict[str, Any]]:
    """The error, and of a group those inside it."""
    frames = [
        {"filename": _module_path(frame.filename), "function": frame.name, "lineno": frame.lineno}
        for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    ]
    yield (
        {"type": type(error).__name__, "stacktrace": {"frames": frames}}
        if frames
        else {"type": type(error).__name__}
    )
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _exceptions(inner)


def _module_path(path: str) -> str:
    """Where in the packages it is, not where on this machine."""
    for root in ("/site-packages/", "/src/", "/lib/"):
        if root in path:
            return path.rpartition(root)[2]
    return path.rpartition("/")[2]
