"""S3's multipart upload: by parts that the manager has signed, or by credentials for one object."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from xml.sax.saxutils import escape

from podlane.clients.objectstore import answers, upload
from podlane.clients.objectstore.line import Ask, Line, Slice
from podlane.clients.objectstore.upload import LONG_PATIENCE, Stored, expect, host_of, revealed
from podlane.core.plan.store import S3Parts, S3Session
from podlane.core.sign.aws import AwsCredentials, Call, Signer, sign_headers
from podlane.errors import Gone, Rejected, Unavailable

_ETAG = re.compile(rb"<ETag>([^<]{1,200})</ETag>")
_UPLOAD_ID = re.compile(rb"<UploadId>([^<]{1,2000})</UploadId>")
_ERROR = re.compile(rb"<Error>.*?<Code>([A-Za-z]{1,60})</Code>", re.DOTALL)


class Parts:
    """`S3Parts`: nothing here can sign."""

    lines = upload.LINES
    is_open = True
    whole = None

    def __init__(self, plan: S3Parts) -> None:
        self.most_pieces = len(plan.parts)
        self.host = host_of(plan.complete.url.reveal())
        self._plan = plan
        self._etags: dict[int, str] = {}
        self._tries = 0

    def open(self, line: Line) -> None:
        """The manager has done that."""

    def put(self, line: Line, number: int, piece: Slice) -> None:
        signed = self._plan.parts[number - 1]
        self._etags[number] = _part(line, Ask("PUT", signed.url.reveal(), revealed(signed), piece))

    def close(self, line: Line) -> Stored:
        signed = self._plan.complete
        body = complete_body(self._etags)
        ask = Ask("POST", signed.url.reveal(), revealed(signed), body, LONG_PATIENCE)
        self._tries += 1
        return _complete(line, ask, is_again=self._tries > 1)

    def abort(self, line: Line) -> None:
        signed = self._plan.abort
        expect(line, Ask("DELETE", signed.url.reveal(), revealed(signed)))


class Session:
    """`S3Session`: each request is signed here, when it is sent."""

    most_pieces = 10_000
    lines = upload.LINES

    def __init__(self, plan: S3Session) -> None:
        self.host = host_of(plan.url)
        self._plan = plan
        self._etags: dict[int, str] = {}
        self._id = ""
        self._tries = 0

    @property
    def is_open(self) -> bool:
        return bool(self._id)

    def whole(self, body: Slice) -> Ask:
        return self._ask("PUT", "", self._plan.headers, body)

    def open(self, line: Line) -> None:
        _, body = expect(line, self._ask("POST", "?uploads=", self._plan.headers, b""))
        match = _UPLOAD_ID.search(body)
        if match is None:
            raise _broken(self._plan.url)
        self._id = _unescaped(match[1])

    def put(self, line: Line, number: int, piece: Slice) -> None:
        ask = self._ask("PUT", f"?partNumber={number}&{self._upload_id()}", {}, piece)
        self._etags[number] = _part(line, ask)

    def close(self, line: Line) -> Stored:
        self._tries += 1
        ask = self._ask("POST", f"?{self._upload_id()}", {}, complete_body(self._etags))
        return _complete(line, ask, is_again=self._tries > 1)

    def abort(self, line: Line) -> None:
        if self._id:
            expect(line, self._ask("DELETE", f"?{self._upload_id()}", {}, b""))

    def _upload_id(self) -> str:
        from urllib.parse import quote

        return f"uploadId={quote(self._id, safe='-_.~')}"

    def _ask(self, method: str, query: str, headers: Mapping[str, str], body: Slice | bytes) -> Ask:
        plan = self._plan
        credentials = AwsCredentials(plan.access_key, plan.secret_key, plan.session_token)
        signer = Signer(credentials, plan.region, "s3", time.time())
        url = plan.url + query
        return Ask(
            method, url, sign_headers(signer, Call(method, url, headers)), body, LONG_PATIENCE
        )


def complete_body(etags: Mapping[int, str]) -> bytes:
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etags[number])}</ETag></Part>"
        for number in sorted(etags)
    )
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    return f'<CompleteMultipartUpload xmlns="{space}">{parts}</CompleteMultipartUpload>'.encode()


def _part(line: Line, ask: Ask) -> str:
    headers, _ = expect(line, ask)
    if "etag" not in headers:
        raise _broken(ask.url)
    return headers["etag"]


def _complete(line: Line, ask: Ask, *, is_again: bool) -> Stored:
    """S3 may answer 200 and then, in the body, that it went wrong."""
    try:
        headers, body = expect(line, ask)
    except Gone:
        if is_again:
            return Stored()  # the first try had done it, and only its answer was lost
        raise
    if error := _ERROR.search(body):
        code = error[1].decode()
        said = f"{host_of(ask.url)} could not put the parts together ({code})"
        kind = Unavailable if code in ("InternalError", "SlowDown") else Rejected
        raise kind(said, service=answers.SERVICE, details=code)
    match = _ETAG.search(body)
    etag = _unescaped(match[1]) if match else ""
    return Stored(etag, answers.moment(headers.get("date")))


def _unescaped(text: bytes) -> str:
    from xml.sax.saxutils import unescape

    return unescape(text.decode("utf-8", "replace"), {"&quot;": '"', "&#34;": '"'})


def _broken(url: str) -> Unavailable:
    return Unavailable(f"{host_of(url)} answered what S3 would not", service=answers.SERVICE)
