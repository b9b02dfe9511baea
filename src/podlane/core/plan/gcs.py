"""Objects in Google Cloud Storage: the calls of a job, prepared for whoever holds the key."""

from __future__ import annotations

from collections.abc import Mapping

from podlane.core.config.cache import GcsCache
from podlane.core.plan.store import GcsResumable, Signed, StoreObject, Wanted, Window
from podlane.core.sign.aws import encode
from podlane.core.sign.gcs import LONGEST_SECONDS, Call, Prepared, finish, prepare
from podlane.core.text.header import header_text
from podlane.core.text.token import Token

UNIVERSE = "googleapis.com"
_PUT_LIMIT = 5 * 1024**4


def bucket_url(gcs: GcsCache, emulator: str = "") -> str:
    """`emulator`: the address of a server that stands in for Google's."""
    told = emulator if "://" in emulator or not emulator else f"http://{emulator}"
    host = told.rstrip("/") or f"https://storage.{gcs.universe_domain or UNIVERSE}"
    return f"{host}/{encode(gcs.bucket_name)}"


def calls(want: Wanted, bucket: str, *, with_pieces: bool) -> dict[str, Call]:
    """Each call that the job may make, by what it is for; `start` opens a resumable upload."""
    url = f"{bucket}/{encode(want.name, '/')}"
    metadata = {"x-goog-meta-cachekey": header_text(want.key)}
    found = {"head": Call("HEAD", url)}
    if want.is_read:
        found["get"] = Call("GET", url)
    if want.is_written:
        found["put"] = Call("PUT", url, metadata)
    if want.is_written and with_pieces:
        found["start"] = Call("POST", url, {"x-goog-resumable": "start", **metadata})
    return found


def removal(bucket: str, name: str) -> Call:
    return Call("DELETE", f"{bucket}/{encode(name, '/')}")


def prepare_all(found: Mapping[str, Call], account: str, window: Window) -> dict[str, Prepared]:
    return {
        word: prepare(call, account, window.now, window.seconds) for word, call in found.items()
    }


def make_object(
    want: Wanted, prepared: Mapping[str, Prepared], signatures: Mapping[str, bytes], window: Window
) -> StoreObject:
    def signed(word: str) -> Signed | None:
        if word not in prepared:
            return None
        headers = {name: Token(text) for name, text in prepared[word].headers.items()}
        return Signed(Token(finish(prepared[word], signatures[word])), headers)

    start = signed("start")
    return StoreObject(
        name=want.name,
        expires_at=window.now + min(window.seconds, LONGEST_SECONDS),
        get=signed("get"),
        head=signed("head"),
        put=signed("put"),
        put_limit=_PUT_LIMIT,
        pieces=GcsResumable(start) if start else None,
    )
