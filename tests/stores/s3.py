"""S3 for tests: versitygw (real: a Go module, built once) and moto's server (PyPI)."""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from podlane.core.plan.store import S3Parts, S3Session, Signed, StoreObject
from podlane.core.sign.aws import AwsCredentials, Call, Signer, encode, sign_headers, sign_query
from podlane.core.text.token import Token
from stores.process import CACHE, NotHere, running

VERSITYGW = "v1.8.0"
REGION = "us-east-1"
BUCKET = "caches"
_SECONDS = 3600.0


class S3(msgspec.Struct, frozen=True):
    """A running server with one bucket. `folder`: where versitygw keeps it."""

    host: str
    port: int
    access_key: str
    secret_key: str
    folder: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def config(self, **more: Any) -> dict[str, Any]:
        """The `[runners.cache]` of a runner that uses this server."""
        s3 = {
            "ServerAddress": f"{self.host}:{self.port}",
            "AccessKey": self.access_key,
            "SecretKey": self.secret_key,
            "BucketName": BUCKET,
            "BucketLocation": REGION,
            "Insecure": True,
        }
        return {"Type": "s3", "Shared": True, "s3": s3, **more}

    def signer(self) -> Signer:
        pair = AwsCredentials(Token(self.access_key), Token(self.secret_key))
        return Signer(pair, REGION, "s3", time.time())

    def object_url(self, name: str) -> str:
        return f"{self.url}/{BUCKET}/{encode(name, '/')}"

    def signed(self, method: str, name: str, query: str = "", seconds: float = _SECONDS) -> Signed:
        call = Call(method, self.object_url(name) + query)
        return Signed(Token(sign_query(self.signer(), call, seconds)))

    def store_object(self, name: str, **more: Any) -> StoreObject:
        """As a plan would name it."""
        signed = {word.lower(): self.signed(word, name) for word in ("GET", "HEAD", "PUT")}
        return StoreObject(name, time.time() + _SECONDS, **{**signed, **more})

    def parts(self, name: str, count: int) -> S3Parts:
        """Open a multipart upload, as the manager does, and sign its parts."""
        body = self.ask("POST", name, "?uploads=")
        upload = body.partition(b"<UploadId>")[2].partition(b"</UploadId>")[0].decode()
        own = f"uploadId={encode(upload)}"
        puts = (self.signed("PUT", name, f"?partNumber={n + 1}&{own}") for n in range(count))
        ends = (self.signed(method, name, f"?{own}") for method in ("POST", "DELETE"))
        return S3Parts(tuple(puts), *ends)

    def session(self, name: str) -> S3Session:
        pair = Token(self.access_key), Token(self.secret_key), Token("")
        return S3Session(self.object_url(name), REGION, *pair)

    def uploads(self) -> bytes:
        """The multipart uploads that are neither completed nor aborted, as XML."""
        return self.ask("GET", "", "?uploads=")

    def ask(self, method: str, name: str, query: str = "", body: bytes = b"") -> bytes:
        status, _, answer = self.tell(method, name, query, body)
        assert status // 100 == 2, (status, answer)
        return answer

    def tell(
        self, method: str, name: str, query: str = "", body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request with the server's own keys; status, headers and body."""
        url = self.object_url(name) + query
        headers = sign_headers(self.signer(), Call(method, url))
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.request(method, url.removeprefix(self.url), body, headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        finally:
            connection.close()


@contextmanager
def versitygw(folder: Path, host: str = "127.0.0.1") -> Iterator[S3]:
    """The real one; NotHere where it is neither built nor can be."""
    program = build_versitygw()
    data = folder / "data"
    (data / BUCKET).mkdir(parents=True)

    def command(port: int) -> list[str]:
        keys = ("--access", "cache-key", "--secret", "cache-secret")
        place = ("--quiet", "--keep-alive", "--port", f"{host}:{port}")
        return [str(program), *keys, *place, "posix", str(data)]

    with running(command, host, folder) as port:
        yield S3(host, port, "cache-key", "cache-secret", data / BUCKET)


@contextmanager
def moto(folder: Path, host: str = "127.0.0.1") -> Iterator[S3]:
    def command(port: int) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", host, "-p", str(port)]

    with running(command, host, folder) as port:
        server = S3(host, port, "cache-key", "cache-secret", folder)
        server.ask("PUT", "")
        yield server


def is_built() -> bool:
    return _program().exists()


def build_versitygw() -> Path:
    """The program, built from its Go module if it is not there yet."""
    program = _program()
    if is_built():
        return program
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise NotHere("versitygw is built from its Go module, and there is no Go here")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "versitygw.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _go_install(go, program)
    return program


def _program() -> Path:
    return CACHE / f"versitygw-{VERSITYGW}"


def _go_install(go: str, program: Path) -> None:
    fresh = CACHE / "versitygw.new"
    module = f"github.com/versity/versitygw/cmd/versitygw@{VERSITYGW}"
    env = {**os.environ, "GOBIN": str(fresh), "CGO_ENABLED": "0"}
    done = subprocess.run([go, "install", module], env=env, capture_output=True, text=True)
    if done.returncode:
        raise NotHere(f"versitygw cannot be built here: {done.stderr[-500:]}")
    (fresh / "versitygw").rename(program)
