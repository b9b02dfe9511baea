"""Google Cloud Storage, with the stand-in of `stores/gcs.py`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from podlane.clients.objectstore import gcs
from podlane.clients.objectstore.line import Slice
from podlane.core.plan.store import Signed
from podlane.core.text.token import Token
from podlane.errors import Gone, Rejected, Unavailable
from stores import steps
from stores.gcs import Gcs, running

NAME = "project/1/a key+"
SIZE = 37 * 1024 * 1024 + 11


@pytest.fixture
def store() -> Iterator[Gcs]:
    with running() as made:
        yield made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(1024 * 1024) * 37 + b"the ending!")
    return path


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podlane.clients.objectstore.upload._PAUSE", 0.01)


def test_whole_there_and_back(store: Gcs, source: Path, tmp_path: Path) -> None:
    stored = steps.put(source, store.signed("PUT", NAME, {"x-goog-meta-cachekey": "a key+"}))
    found = steps.get(tmp_path / "target", store.signed("GET", NAME))
    assert (tmp_path / "target").read_bytes() == source.read_bytes() == store.objects[NAME]
    assert (found.size, found.etag) == (SIZE, stored.etag)


@pytest.mark.parametrize("drops", [0, 1, 2])
def test_resumable(store: Gcs, source: Path, drops: int) -> None:
    """Google keeps a part of a piece and says 503: it is asked how much, and the rest is sent."""
    store.drops = drops
    stored = steps.put_pieces(source, gcs.Resumable(store.resumable(NAME), SIZE))
    assert store.objects[NAME] == source.read_bytes()
    assert stored.etag
    assert store.sessions == {}


def test_resumable_that_never_goes_on(store: Gcs, source: Path) -> None:
    store.drops = 99
    way = gcs.Resumable(store.resumable(NAME), SIZE)
    with pytest.raises(Unavailable, match=r"answered 503 \(ServiceUnavailable\)$"):
        steps.put_pieces(source, way)
    assert way.is_open
    steps.alone(way.abort)
    assert store.sessions == {}
    assert store.objects == {}


def test_the_last_answer_is_lost(store: Gcs, source: Path) -> None:
    way = gcs.Resumable(store.resumable(NAME), SIZE)
    steps.alone(way.open)
    with source.open("rb") as file:
        whole = Slice(file.fileno(), 0, SIZE)
        steps.alone(lambda line: way.put(line, 1, whole))
        way._is_sure = False  # as after an answer that did not come
        store.sessions["upload-0"], store.names["upload-0"] = bytearray(whole.size), NAME
        steps.alone(lambda line: way.put(line, 1, whole))
    assert store.sessions == {}


def test_what_google_refuses(store: Gcs, source: Path, tmp_path: Path) -> None:
    with pytest.raises(Gone):
        steps.get(tmp_path / "target", store.signed("GET", "nothing"))
    with pytest.raises(Rejected, match=r"answered 403 \(SignatureDoesNotMatch\)$"):
        steps.put(source, store.signed("GET", NAME))
    lacking = msgspec.structs.replace(store.signed("PUT", NAME, {"x-goog-meta-a": "b"}), headers={})
    with pytest.raises(Rejected, match="SignatureDoesNotMatch"):
        steps.put(source, lacking)
    with pytest.raises(Rejected, match="AccessDenied"):
        steps.put(source, Signed(Token(f"{store.url}/caches/{NAME.replace(' ', '%20')}")))
