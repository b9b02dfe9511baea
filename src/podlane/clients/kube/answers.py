"""Read the API server's answers: a Status becomes our error, with the API's own sentence."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from podlane.clients.http.request import Answer
from podlane.errors import Gone, Rejected, ServiceError, Unavailable

_WARNING = re.compile(r'\b299 \S+ "((?:[^"\\]|\\.)*)"')
_LONGEST = 2048  # Pod Security names each container of the pod in each of its reasons


class Details(msgspec.Struct, frozen=True, rename="camel"):
    retry_after_seconds: float | None = None


class Status(msgspec.Struct, frozen=True):
    """The API's `Status` object, of an answer or of an ERROR event in a watch."""

    message: str | None = ""
    reason: str | None = ""
    code: int | None = 0
    details: Details | None = None


def error_of(answer: Answer) -> ServiceError:
    try:
        status = msgspec.json.decode(answer.body, type=Status)
    except msgspec.MsgspecError:
        status = Status()
    return error_of_status(status, answer.status, answer.headers.get("retry-after", ""))


def error_of_status(status: Status, code: int, retry_after: str = "") -> ServiceError:
    text = (status.message or f"the API server answered {code}")[:_LONGEST]
    details = status.reason or ""
    if code in (408, 429) or code >= 500:
        return Unavailable(
            text,
            service="kubernetes",
            status=code,
            details=details,
            retry_after=told_pause(status, retry_after),
        )
    if code in (404, 410):
        return Gone(text, service="kubernetes", status=code, details=details)
    return Rejected(text, service="kubernetes", status=code, details=details)


def told_pause(status: Status, retry_after: str) -> float | None:
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:6])
    return status.details.retry_after_seconds if status.details is not None else None


def warnings(answer: Answer) -> tuple[str, ...]:
    """What a good answer warns of besides, such as a field that is going away."""
    found = _WARNING.findall(answer.headers.get("warning", ""))
    return tuple(dict.fromkeys(re.sub(r"\\(.)", r"\1", text) for text in found))


def decode(answer: Answer, kind: type[Any] = dict) -> Any:
    """The object of a good answer. Unavailable when it is none: something is in between."""
    if answer.status >= 400:
        raise error_of(answer)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError as error:
        raise Unavailable(
            f"the API server's answer cannot be read: {error}",
            service="kubernetes",
            status=answer.status,
        ) from error
