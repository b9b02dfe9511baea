"""One question to a secret manager: the answer's JSON, or the sentence that says why there is none.

The server's own words are quoted only where it has a field for them, and never at length: they
tell what is wrong with a role or a path, and hold no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from podlane.clients.http import trouble
from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.request import Answer, Request
from podlane.errors import Rejected, Unavailable

_SECONDS = 30.0
_LONGEST = 256
_LATER = (408, 429)


def ask(http: BlockingHttp, service: str, request: Request) -> dict[str, Any]:
    """Return the JSON object of the answer. Rejected for good, Unavailable for now."""
    answer = http.send(request, timeout=_SECONDS)
    if 200 <= answer.status < 300:
        found = _json(answer)
        if found is None:
            raise Rejected(
                f"{trouble.where(request)} answered with something that is no JSON object",
                service=service,
                status=answer.status,
                hint="is this the address of the secret manager itself, or of a page before it?",
            )
        return found
    message = f"{trouble.where(request)} answered {answer.status}{_said(answer)}"
    if answer.status >= 500 or answer.status in _LATER:
        raise Unavailable(message, service=service, status=answer.status)
    raise Rejected(message, service=service, status=answer.status)


def post_json(url: str, body: Mapping[str, Any], headers: Mapping[str, str] = {}) -> Request:
    whole = {"Content-Type": "application/json", **headers}
    return Request("POST", url, whole, msgspec.json.encode(body))


def post_form(url: str, fields: Mapping[str, str], headers: Mapping[str, str] = {}) -> Request:
    whole = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    return Request("POST", url, whole, urlencode(fields).encode())


def path(*parts: str) -> str:
    """Join parts of a path, in which `/` stays and everything odd is encoded."""
    return "/".join(quote(part.strip("/"), safe="/-_.~") for part in parts if part.strip("/"))


def dig(found: Any, *keys: str) -> Any:
    """What lies under `keys`, or None."""
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _json(answer: Answer) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


def _said(answer: Answer) -> str:
    """The server's own sentence: each of them has another place for it."""
    found = _json(answer)
    errors = dig(found, "errors")
    said = (
        "; ".join(str(item) for item in errors)
        if isinstance(errors, list)
        else dig(found, "error", "message")
        or dig(found, "error_description")
        or dig(found, "message")
        or dig(found, "Message")
        or ""
    )
    text = " ".join(str(said).split())[:_LONGEST]
    return f": {text}" if text else ""
