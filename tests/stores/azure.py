"""Azure Blob Storage for tests: azurite, Microsoft's emulator, from npm."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import http.client
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from podlane.core.plan.store import AzureBlocks, Signed, StoreObject
from podlane.core.text.token import Token
from stores.process import CACHE, NotHere, running

AZURITE = "3.35.0"  # the last for Node 18, which Debian has
ACCOUNT = "podlane"
KEY = base64.b64encode(b"a key for tests, of no use elsewhere").decode()
CONTAINER = "caches"
_VERSION = "2021-12-02"


class Azure(msgspec.Struct, frozen=True):
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/{ACCOUNT}"

    def sas(self, name: str, permissions: str) -> str:
        """A blob's URL with a service SAS of an hour."""
        times = [
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
            for seconds in (-60, 3600)
        ]
        resource = f"/blob/{ACCOUNT}/{CONTAINER}{f'/{name}' if name else ''}"
        kind = "b" if name else "c"
        fields = (permissions, *times, resource, "", "", "", _VERSION, kind, *[""] * 7)
        query = {"sv": _VERSION, "sr": kind, "sp": permissions, "st": times[0], "se": times[1]}
        signed = urlencode({**query, "sig": _hmac("\n".join(fields))}, quote_via=quote)
        return f"{self.url}/{CONTAINER}{f'/{quote(name)}' if name else ''}?{signed}"

    def store_object(self, name: str, *, with_blocks: bool = False) -> StoreObject:
        read, write = Token(self.sas(name, "r")), Token(self.sas(name, "cw"))
        put = Signed(write, {"x-ms-blob-type": Token("BlockBlob")})
        return StoreObject(
            name,
            time.time() + 3600,
            get=Signed(read),
            head=Signed(read),
            put=put,
            pieces=AzureBlocks(write) if with_blocks else None,
        )

    def tell(
        self, method: str, url: str, headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, Mapping[str, str], bytes]:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.request(method, f"{parts.path}?{parts.query}", b"", dict(headers))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        finally:
            connection.close()

    def make_container(self) -> None:
        """By the account's key: a service SAS may not."""
        now = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        path = f"/{ACCOUNT}/{ACCOUNT}/{CONTAINER}"  # azurite's paths begin with the account
        lines = ["PUT", *[""] * 11, f"x-ms-date:{now}", f"x-ms-version:{_VERSION}"]
        text = "\n".join([*lines, f"{path}\nrestype:container"])
        headers = {"x-ms-date": now, "x-ms-version": _VERSION}
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{_hmac(text)}"
        url = f"{self.url}/{CONTAINER}?restype=container"
        status, _, said = self.tell("PUT", url, headers)
        assert status == 201, said


@contextmanager
def azurite(folder: Path, host: str = "127.0.0.1") -> Iterator[Azure]:
    """NotHere where there is no Node, or npm cannot install it."""
    node, program = shutil.which("node"), install_azurite()

    def command(port: int) -> list[str]:
        quiet = ("--silent", "--disableTelemetry", "--skipApiVersionCheck")
        place = ("--blobHost", host, "--blobPort", str(port), "--location", str(folder))
        return [str(node), str(program), *place, *quiet]

    with running(command, host, folder, {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}) as port:
        server = Azure(host, port)
        server.make_container()
        yield server


def is_installed() -> bool:
    return shutil.which("node") is not None and _program()[1].exists()


def install_azurite() -> Path:
    folder, program = _program()
    npm = shutil.which("npm")
    if shutil.which("node") is None or (npm is None and not program.exists()):
        raise NotHere("azurite needs Node and npm, which are not here")
    if not program.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / "azurite.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                _npm_install(str(npm), folder)
    return program


def _program() -> tuple[Path, Path]:
    folder = CACHE / f"azurite-{AZURITE}"
    return folder, folder / "node_modules/azurite/dist/src/blob/main.js"


def _npm_install(npm: str, folder: Path) -> None:
    fresh = folder.with_suffix(".new")
    quiet = ("--silent", "--no-fund", "--no-audit", "--no-save", "--ignore-scripts")
    words = [npm, "install", *quiet, "--prefix", str(fresh), f"azurite@{AZURITE}"]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise NotHere(f"azurite cannot be installed here: {done.stderr[-500:]}")
    fresh.rename(folder)


def _hmac(text: str) -> str:
    made = hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)
    return base64.b64encode(made).decode()
