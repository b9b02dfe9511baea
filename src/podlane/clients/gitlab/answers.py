"""Read GitLab's answers: JSON where it is due, else an error that says what GitLab said."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.clients.http.request import Answer
from podlane.errors import Gone, Rejected, ServiceError, Unavailable

_RETRY = {408, 429, 500, 502, 503, 504}


def error_of(what: str, answer: Answer) -> ServiceError:
    """Turn an unwelcome answer into our error; `what` says what was asked."""
    status = answer.status
    text = f"{what}: GitLab answered {status}{_message(answer)}"
    if status in _RETRY or status >= 512:
        return Unavailable(text, service="gitlab", status=status, retry_after=retry_after(answer))
    if status in (404, 410):
        return Gone(text, service="gitlab", status=status)
    return Rejected(text, service="gitlab", status=status)


def retry_after(answer: Answer) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def decode_object(what: str, answer: Answer) -> dict[str, Any]:
    """The JSON object of a good answer; Unavailable when it is none (a proxy's page, say)."""
    if not answer.headers.get("content-type", "").startswith("application/json"):
        kind = answer.headers.get("content-type", "nothing")
        raise Unavailable(f"{what}: GitLab answered {kind}, not JSON", service="gitlab")
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.MsgspecError as error:
        raise Unavailable(f"{what}: GitLab's JSON is broken: {error}", service="gitlab") from error
    if not isinstance(found, dict):
        raise Unavailable(f"{what}: GitLab's JSON is no object", service="gitlab")
    return found


def _message(answer: Answer) -> str:
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.MsgspecError:
        return ""
    message = found.get("message") if isinstance(found, dict) else None
    if isinstance(message, dict):
        message = "; ".join(f"{key}: {value}" for key, value in message.items())
    return f" ({message})"[:256] if isinstance(message, str) and message else ""
