"""Google Cloud Storage for tests: a stand-in of our own, written from Google's documentation of its
XML API (no server of Google's can be had). One bucket in memory; V4 signatures are checked for
real, by the public key; ranges, If-Match, resumable uploads with 308.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness.http_server import Call, Said, Server, serve
from podlane.core.plan.store import GcsResumable, Signed
from podlane.core.sign import gcs as signing
from podlane.core.sign.gcs import RsaKey
from podlane.core.text.token import Token

ACCOUNT = "cache@project.iam.gserviceaccount.com"
BUCKET = "caches"
_QUANTUM = 256 * 1024  # of all pieces but the last


@dataclass
class Gcs:
    """`objects`: by name. `sessions`: resumable uploads that are neither done nor cancelled.
    `drops`: so many pieces are kept in part only, and answered with 503."""

    key: rsa.RSAPrivateKey
    objects: dict[str, bytes] = field(default_factory=dict)
    sessions: dict[str, bytearray] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    drops: int = 0
    server: Server | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.url

    def signed(self, method: str, name: str, headers: dict[str, str] | None = None) -> Signed:
        pem = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        url = f"{self.url}/{BUCKET}/{quote(name, safe='/-_.~')}"
        call = signing.Call(method, url, headers or {})
        prepared = signing.prepare(call, ACCOUNT, time.time(), 3600)
        made = signing.finish(prepared, RsaKey(Token(pem.decode())).sign(prepared.text))
        return Signed(Token(made), {name: Token(text) for name, text in call.headers.items()})

    def resumable(self, name: str) -> GcsResumable:
        return GcsResumable(self.signed("POST", name, {"x-goog-resumable": "start"}))

    def answer(self, call: Call) -> Said:
        parts = urlsplit(call.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if "upload_id" in query:
            with self._lock:
                return self._piece(call, query["upload_id"])
        if refused := self._check(call, parts.path, query):
            return refused
        name = unquote(parts.path).removeprefix(f"/{BUCKET}/")
        return self._of_object(call, parts.path, name)

    def _of_object(self, call: Call, path: str, name: str) -> Said:
        match call.method:
            case "GET" | "HEAD":
                return self._read(call, name)
            case "PUT":
                self.objects[name] = call.body
                return Said(200, _facts(call.body))
            case "DELETE":
                return Said(204 if self.objects.pop(name, None) is not None else 404)
            case "POST" if call.headers.get("x-goog-resumable") == "start":
                upload = f"upload-{len(self.names)}"
                self.sessions[upload], self.names[upload] = bytearray(), name
                return Said(201, {"Location": f"{self.url}{path}?upload_id={upload}"})
        return _refuse(400, "InvalidArgument")

    def _check(self, call: Call, path: str, query: dict[str, str]) -> Said | None:
        """Google's own reckoning of what was signed, from what has arrived."""
        try:
            signature = bytes.fromhex(query.pop("X-Goog-Signature"))
            names = query["X-Goog-SignedHeaders"].split(";")
            moment = datetime.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            scope = query["X-Goog-Credential"].partition("/")[2]
        except (KeyError, ValueError):
            return _refuse(403, "AccessDenied")
        if time.time() > moment.timestamp() + int(query["X-Goog-Expires"]):
            return _refuse(400, "ExpiredToken")
        asked = "&".join(f"{_encode(k)}={_encode(v)}" for k, v in sorted(query.items()))
        headers = "".join(f"{name}:{call.headers.get(name, '').strip()}\n" for name in names)
        request = f"{call.method}\n{path}\n{asked}\n{headers}\n{';'.join(names)}\nUNSIGNED-PAYLOAD"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        text = f"GOOG4-RSA-SHA256\n{query['X-Goog-Date']}\n{scope}\n{hashed}".encode()
        try:
            self.key.public_key().verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return _refuse(403, "SignatureDoesNotMatch")
        return None

    def _read(self, call: Call, name: str) -> Said:
        if name not in self.objects:
            return _refuse(404, "NoSuchKey")
        data = self.objects[name]
        headers = _facts(data)
        if call.headers.get("if-match", headers["ETag"]) != headers["ETag"]:
            return _refuse(412, "PreconditionFailed")
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", call.headers.get("range", ""))
        if match is None:
            return Said(200, headers, data)
        first, last = int(match[1]), min(int(match[2]), len(data) - 1)
        if first >= len(data):
            return _refuse(416, "InvalidRange")
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return Said(206, headers, data[first : last + 1])

    def _piece(self, call: Call, upload: str) -> Said:
        if upload not in self.sessions:
            return _refuse(410, "Gone")
        held = self.sessions[upload]
        if call.method == "DELETE":
            del self.sessions[upload]
            return Said(499)
        told = call.headers.get("content-range", "")
        if status := re.fullmatch(r"bytes \*/(\d+)", told):
            return self._end(upload) if len(held) == int(status[1]) else _goes_on(held)
        match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", told)
        if match is None or int(match[1]) != len(held):
            return _refuse(400, "InvalidRange")
        return self._take(call, upload, int(match[2]) + 1 == int(match[3]))

    def _take(self, call: Call, upload: str, is_last: bool) -> Said:
        held = self.sessions[upload]
        if not is_last and len(call.body) % _QUANTUM:
            return _refuse(400, "InvalidArgument")
        if self.drops:
            self.drops -= 1
            held += call.body[: 2 * _QUANTUM]
            return _refuse(503, "ServiceUnavailable")
        held += call.body
        return self._end(upload) if is_last else _goes_on(held)

    def _end(self, upload: str) -> Said:
        data = self.objects[self.names[upload]] = bytes(self.sessions.pop(upload))
        return Said(200, _facts(data))


@contextmanager
def running() -> Iterator[Gcs]:
    store = Gcs(rsa.generate_private_key(65537, 2048))
    with serve(store.answer) as server:
        store.server = server
        yield store


def _goes_on(held: bytearray) -> Said:
    return Said(308, {"Range": f"bytes=0-{len(held) - 1}"} if held else {})


def _facts(data: bytes) -> dict[str, str]:
    now = formatdate(usegmt=True)
    tag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return {"ETag": f'"{tag}"', "Date": now, "Last-Modified": now}


def _refuse(status: int, code: str) -> Said:
    return Said(status, {}, f"<Error><Code>{code}</Code></Error>".encode())


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")
