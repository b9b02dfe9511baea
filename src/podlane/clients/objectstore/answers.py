"""What a store's answer means, in a sentence that names the host and the status alone: the URL of
an object is a secret, and so is all that a store writes about it."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Mapping

import msgspec

from podlane.clients.http import trouble
from podlane.errors import Gone, Rejected, ServiceError, Unavailable

SERVICE = "cache"
SILENT = "silent"  # who has not answered for so long is not asked again
_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")
_WORD = re.compile(r"[A-Za-z]{1,60}")
_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})")
_BUSY = frozenset((408, 425, 429))
_MOST_OF_A_BODY = 64 * 1024


class Found(msgspec.Struct, frozen=True):
    """An object as a store describes it. `modified`, `date`: epoch seconds, 0 when not told;
    `size`: None when not told."""

    size: int | None
    etag: str = ""
    modified: float = 0
    date: float = 0

    def is_same(self, other: Found) -> bool:
        """Whether both describe one state of the object."""
        if self.etag and other.etag:
            return self.etag == other.etag and self.size == other.size
        return (self.size, self.modified) == (other.size, other.modified)


def found(headers: Mapping[str, str]) -> Found:
    """Read what the headers of a GET or HEAD say (their names in small letters); the size is that
    of the whole object."""
    part = content_range(headers)
    length = headers.get("content-length", "")
    size = part[2] if part else int(length) if length.isdigit() else None
    etag = headers.get("etag", "")
    return Found(size, etag, moment(headers.get("last-modified")), moment(headers.get("date")))


def content_range(headers: Mapping[str, str]) -> tuple[int, int, int] | None:
    """First byte, one after the last, and the size of the whole; of an empty range both are 0."""
    match = _RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None:
        return None
    first, last, size = match.groups()
    return (int(first), int(last) + 1, int(size)) if first else (0, 0, int(size))


def moment(text: str | None) -> float:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(text).timestamp() if text else 0.0
    except (ValueError, OverflowError):
        return 0.0


def refusal(host: str, response: http.client.HTTPResponse) -> ServiceError:
    """The error for a status that is no success; reads what is left of the answer."""
    status = response.status
    try:
        body = response.read(_MOST_OF_A_BODY)
    except (OSError, http.client.HTTPException):
        body = b""
    code = response.headers.get("x-ms-error-code", "")
    if not _WORD.fullmatch(code):
        match = _CODE.search(body)
        code = match[1].decode() if match else ""
    said = f"{host} answered {status}{f' ({code})' if code else ''}"
    if status == 404:
        return Gone(said, service=SERVICE, status=status, details=code)
    if status >= 500 or status in _BUSY:
        return Unavailable(said, service=SERVICE, status=status, details=code)
    return Rejected(said, service=SERVICE, status=status, details=code)


def silence(host: str, error: BaseException) -> ServiceError:
    """The error for an answer that did not come, or not whole."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message or "it cannot be verified"
        return Rejected(
            f"the certificate of {host} is not trusted: {said}",
            service=SERVICE,
            details="certificate",
            hint="the runner's administrator hands its CA to `podlane deploy apply --ca-file`",
        )
    if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
        return Unavailable(f"{host}: the answer is broken or cut short", service=SERVICE)
    details = SILENT if isinstance(error, TimeoutError) else ""
    return Unavailable(f"{host}: {trouble.reason(error)}", service=SERVICE, details=details)
