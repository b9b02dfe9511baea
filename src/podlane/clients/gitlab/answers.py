"""Read GitLab's answers: JSON where it is due, else an error that says what GitLab said."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import msgspec

from podlane.clients.http import retry
from podlane.clients.http.request import Answer
from podlane.errors import Gone, Rejected, ServiceError, Unavailable

_LONGEST_MESSAGE = 256


def error_of(what: str, answer: Answer) -> ServiceError:
    """Turn an unwelcome answer into our error; `what` says what was asked."""
    status = answer.status
    text = f"{what}: GitLab answered {status}{message(answer)}"
    if elsewhere := _elsewhere(answer):
        hint = f"GitLab is at {elsewhere}: give that as `url`"
        return Rejected(text, service="gitlab", status=status, details="moved", hint=hint)
    if retry.is_busy(status):
        pause = retry.told_pause(answer.headers, time.time())
        return Unavailable(text, service="gitlab", status=status, retry_after=pause)
    if status in (404, 410):
        return Gone(text, service="gitlab", status=status)
    return Rejected(text, service="gitlab", status=status)


def _elsewhere(answer: Answer) -> str:
    """Where a redirect leads: scheme and host, without what may be secret. Nobody follows it: a
    POST would become a GET on the way, and a token go where nobody has asked for."""
    place = urlsplit(answer.headers.get("location", "")) if 300 <= answer.status < 400 else None
    host = place.netloc.rpartition("@")[2] if place else ""
    return f"{place.scheme}://{host}" if place and host else ""


def require_json(what: str, answer: Answer) -> None:
    """Unavailable when a good status brings something else than JSON (a proxy's page, say)."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Unavailable(
            f"{what}: GitLab answered {kind or 'nothing'}, not JSON", service="gitlab"
        )


def decode_object(what: str, answer: Answer) -> dict[str, Any]:
    """The JSON object of a good answer; Unavailable when it is none."""
    require_json(what, answer)
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.MsgspecError as error:
        raise Unavailable(f"{what}: GitLab's JSON is broken: {error}", service="gitlab") from error
    if not isinstance(found, dict):
        raise Unavailable(f"{what}: GitLab's JSON is no object", service="gitlab")
    return found


def message(answer: Answer) -> str:
    """What GitLab says of it, in brackets; "" when it says nothing, or not in JSON."""
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.MsgspecError:
        return ""
    said = (found.get("message") or found.get("error")) if isinstance(found, dict) else None
    if isinstance(said, dict):
        said = "; ".join(f"{key}: {_listed(value)}" for key, value in said.items())
    return f" ({said[:_LONGEST_MESSAGE]})" if isinstance(said, str) and said else ""


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
