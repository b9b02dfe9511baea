"""Read the API server's answers: a Status becomes our error, with the API's own sentence."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.clients.http.request import Answer
from podlane.errors import Gone, Rejected, ServiceError, Unavailable

_RETRY = {408, 429, 500, 502, 503, 504}
_LONGEST = 512


class Details(msgspec.Struct, frozen=True, rename="camel"):
    retry_after_seconds: float | None = None


class Status(msgspec.Struct, frozen=True):
    """The API's `Status` object, of an answer or of an ERROR event in a watch."""

    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None


def error_of(answer: Answer) -> ServiceError:
    try:
        status = msgspec.json.decode(answer.body, type=Status)
    except msgspec.MsgspecError:
        status = Status(message=f"HTTP {answer.status}")
    return error_of_status(status, answer.status, answer.headers.get("retry-after", ""))


def error_of_status(status: Status, code: int, retry_after: str = "") -> ServiceError:
    text = status.message[:_LONGEST] or f"HTTP {code}"
    if code in _RETRY:
        wait = float(retry_after) if retry_after.isdigit() else None
        if wait is None and status.details is not None:
            wait = status.details.retry_after_seconds
        return Unavailable(
            text, service="kubernetes", status=code, details=status.reason, retry_after=wait
        )
    if code in (404, 410):
        return Gone(text, service="kubernetes", status=code, details=status.reason)
    return Rejected(text, service="kubernetes", status=code, details=status.reason)


def decode(answer: Answer) -> dict[str, Any]:
    if answer.status >= 400:
        raise error_of(answer)
    found = msgspec.json.decode(answer.body)
    assert isinstance(found, dict)
    return found
