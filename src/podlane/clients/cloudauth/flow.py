"""A conversation with a service as a generator: it yields requests and is sent the answers.

So the manager (asyncio) and the helper (blocking) share each conversation, and differ in these few
lines. Trouble on the way is raised inside the conversation, which may try something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from podlane.clients.http import retry
from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.request import Answer, Request
from podlane.errors import Rejected, ServiceError, Unavailable

T = TypeVar("T")
Flow = Generator[Request, Answer, T]
SERVICE = "cloud"
_LONGEST_MESSAGE = 256


def run_blocking(flow: Flow[T], http: BlockingHttp, *, timeout: float = 10) -> T:
    """Hold the conversation; `timeout` is for each answer."""
    return _drive(flow, lambda request: http.send(request, timeout=timeout))


def _drive(flow: Flow[T], send: Callable[[Request], Answer]) -> T:
    try:
        request = next(flow)
        while True:
            try:
                answer = send(request)
            except ServiceError as error:
                request = flow.throw(error)
            else:
                request = flow.send(answer)
    except StopIteration as end:
        found: T = end.value
        return found


def read_file(path: str, what: str) -> str:
    """A small file that the cluster mounts; Unavailable, for it may come yet."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "it is not text"
        raise Unavailable(f"cannot read {what}, {path}: {reason}", service=SERVICE) from error


def require(what: str, answer: Answer) -> Answer:
    """Let a good answer through; else say what was asked and what the service said."""
    if answer.status in (200, 201):
        return answer
    text = f"{what}: the answer is {answer.status}{_message(answer.body)}"
    if retry.is_busy(answer.status):
        raise Unavailable(text, service=SERVICE, status=answer.status)
    raise Rejected(text, service=SERVICE, status=answer.status)


def read_object(what: str, answer: Answer) -> dict[str, Any]:
    try:
        return msgspec.json.decode(require(what, answer).body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Unavailable(f"{what}: the answer is no JSON object", service=SERVICE) from error


def element(body: bytes, name: str) -> str:
    """The text of the first element of that name in an XML answer; "" where there is none."""
    found = re.search(rb"<%b>([^<]*)</%b>" % (name.encode(), name.encode()), body)
    return unescape(found[1].decode("utf-8", "replace")).strip() if found else ""


def text_of(found: dict[str, Any], key: str, what: str) -> str:
    """A text that an answer must have."""
    value = found.get(key)
    if isinstance(value, str) and value:
        return value
    raise Unavailable(f"{what}: the answer lacks {key}", service=SERVICE)


def seconds_of(found: dict[str, Any], key: str) -> float:
    """A number, which some services write as a text; 0 where it is none."""
    try:
        return max(0.0, float(found.get(key) or 0))
    except (TypeError, ValueError):
        return 0.0


def epoch(text: str) -> float:
    """ISO time as epoch seconds; 0 where it is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _message(body: bytes) -> str:
    """The service's own sentence, as AWS, Google and Azure write theirs."""
    said = element(body, "Message")
    if not said:
        try:
            said = _said(msgspec.json.decode(body))
        except msgspec.DecodeError:
            said = ""
    line = " ".join(said.split())[:_LONGEST_MESSAGE]
    return f": {line}" if line else ""


def _said(value: Any) -> str:
    if isinstance(value, dict):
        for key in ("error_description", "message", "Message", "error"):
            if found := _said(value.get(key)):
                return found
    return value if isinstance(value, str) else ""
