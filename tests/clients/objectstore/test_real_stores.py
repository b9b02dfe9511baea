"""Objects there and back, with real servers: moto, versitygw, azurite."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest

from podlane.clients.objectstore import azure, s3
from podlane.clients.objectstore.answers import Found
from podlane.clients.objectstore.fetch import NotWanted, copy_end, look
from podlane.clients.objectstore.line import Line, Slice
from podlane.errors import Gone, Rejected
from stores import steps
from stores.azure import Azure
from stores.s3 import S3

NAME = "project/1/a key with ümlauts & such+"
SIZE = 37 * 1024 * 1024 + 11  # three pieces up, five down, none of them even


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(os.urandom(1024 * 1024) * 37 + b"the ending!")
    return path


def test_whole_there_and_back(any_s3: S3, source: Path, tmp_path: Path) -> None:
    one = any_s3.store_object(NAME)
    assert one.put
    assert one.get
    assert one.head
    stored = steps.put(source, one.put)
    found = steps.get(tmp_path / "target", one.get)
    assert (tmp_path / "target").read_bytes() == source.read_bytes()
    assert (found.size, found.etag) == (SIZE, stored.etag)
    assert abs(found.modified - time.time()) < 60
    assert abs(stored.date - time.time()) < 60
    seen: list[Found] = []
    head, get = one.head, one.get
    steps.alone(lambda line: seen.append(look(line, head, "HEAD")))
    steps.alone(lambda line: seen.append(look(line, get, "GET")))
    assert [(item.size, item.etag) for item in seen] == [(SIZE, stored.etag)] * 2


def test_parts_that_the_manager_opened(any_s3: S3, source: Path, tmp_path: Path) -> None:
    way = s3.Parts(any_s3.parts(NAME, 20))
    stored = steps.put_pieces(source, way)
    signed = any_s3.signed("GET", NAME)
    assert steps.get(tmp_path / "target", signed).etag == stored.etag
    assert (tmp_path / "target").read_bytes() == source.read_bytes()
    assert b"<UploadId>" not in any_s3.uploads()


def test_parts_that_are_few_become_large(any_s3: S3, source: Path, tmp_path: Path) -> None:
    steps.put_pieces(source, s3.Parts(any_s3.parts(NAME, 2)))
    steps.get(tmp_path / "target", any_s3.signed("GET", NAME))
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_session_signs_for_itself(any_s3: S3, source: Path, tmp_path: Path) -> None:
    stored = steps.put_pieces(source, s3.Session(any_s3.session(NAME)))
    found = steps.get(tmp_path / "target", any_s3.signed("GET", NAME))
    assert found.etag == stored.etag
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_session_in_one_request(any_s3: S3, source: Path, tmp_path: Path) -> None:
    way = s3.Session(any_s3.session(NAME))
    with source.open("rb") as file:
        ask = way.whole(Slice(file.fileno(), 0, SIZE))
        steps.alone(lambda line: line.ask(ask).read())
    steps.get(tmp_path / "target", any_s3.signed("GET", NAME))
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("kind", ["parts", "session"])
def test_what_is_aborted_leaves_nothing(any_s3: S3, source: Path, kind: str) -> None:
    name = f"aborted/{kind}"
    way = _way(any_s3, name, kind)
    steps.alone(way.open)
    with source.open("rb") as file:
        piece = Slice(file.fileno(), 0, 6 * 1024 * 1024)
        steps.alone(lambda line: way.put(line, 1, piece))
    assert b"<UploadId>" in any_s3.uploads()
    steps.alone(way.abort)
    assert b"<UploadId>" not in any_s3.uploads()
    assert any_s3.tell("HEAD", name)[0] == 404


def test_nothing_there(any_s3: S3, tmp_path: Path) -> None:
    with pytest.raises(Gone):
        steps.get(tmp_path / "target", any_s3.signed("GET", "nothing/here"))
    head = any_s3.signed("HEAD", "nothing/here")
    with pytest.raises(Gone):
        steps.alone(lambda line: look(line, head, "HEAD"))


def test_empty_object(any_s3: S3, tmp_path: Path) -> None:
    any_s3.ask("PUT", "empty")
    assert steps.get(tmp_path / "target", any_s3.signed("GET", "empty")).size == 0
    assert (tmp_path / "target").read_bytes() == b""


def test_not_wanted_once_it_is_known(any_s3: S3, source: Path, tmp_path: Path) -> None:
    steps.put(source, any_s3.signed("PUT", NAME))
    with pytest.raises(NotWanted) as told:
        steps.get(tmp_path / "target", any_s3.signed("GET", NAME), lambda found: False)
    assert told.value.found.size == SIZE
    assert (tmp_path / "target").stat().st_size == 0


def test_the_end_alone(any_s3: S3, source: Path, tmp_path: Path) -> None:
    steps.put(source, any_s3.signed("PUT", NAME))
    signed = any_s3.signed("GET", NAME)
    with (tmp_path / "target").open("w+b") as file:

        def copy(line: Line) -> None:
            copy_end(line, signed, file.fileno(), look(line, signed, "GET"), 1000)

        steps.alone(copy)
    got = (tmp_path / "target").read_bytes()
    assert got[-1000:] == source.read_bytes()[-1000:]
    assert len(got) == SIZE
    assert not any(got[:-1000])


def test_signature_that_is_none(any_s3: S3, tmp_path: Path) -> None:
    if any_s3.secret_key and "moto" in str(any_s3.folder):
        pytest.skip("moto's server takes any signature")
    wrong = msgspec.structs.replace(any_s3, secret_key="another")
    with pytest.raises(Rejected) as told:
        steps.get(tmp_path / "target", wrong.signed("GET", NAME))
    assert str(told.value) == f"{any_s3.host} answered 403 (SignatureDoesNotMatch)"


def test_azure_whole_and_in_blocks(azurite: Azure, source: Path, tmp_path: Path) -> None:
    one = azurite.store_object("project/1/default", with_blocks=True)
    assert one.get
    assert one.put
    assert one.pieces
    stored = steps.put(source, one.put)
    assert steps.get(tmp_path / "first", one.get).etag == stored.etag
    source.write_bytes(source.read_bytes()[::-1])
    again = steps.put_pieces(source, azure.Blocks(one.pieces, "job-1"))  # type: ignore[arg-type]
    assert again.etag != stored.etag
    assert steps.get(tmp_path / "second", one.get).etag == again.etag
    assert (tmp_path / "second").read_bytes() == source.read_bytes()
    assert (tmp_path / "first").read_bytes() == source.read_bytes()[::-1]


def test_azure_in_one_request_of_its_own(azurite: Azure, source: Path, tmp_path: Path) -> None:
    one = azurite.store_object("whole", with_blocks=True)
    way = azure.Blocks(one.pieces, "job-1")  # type: ignore[arg-type]
    with source.open("rb") as file:
        ask = way.whole(Slice(file.fileno(), 0, SIZE))
        steps.alone(lambda line: line.ask(ask).read())
    assert one.get
    steps.get(tmp_path / "target", one.get)
    assert (tmp_path / "target").read_bytes() == source.read_bytes()


def test_azure_says_why(azurite: Azure, tmp_path: Path) -> None:
    one = azurite.store_object("nothing")
    assert one.get
    with pytest.raises(Gone):
        steps.get(tmp_path / "target", one.get)
    signed = azurite.store_object("other").put
    assert signed
    with pytest.raises(Rejected) as told:  # a SAS that may write, not read
        steps.get(tmp_path / "target", signed)
    assert f"{azurite.host} answered 403 (" in str(told.value)


def _way(server: S3, name: str, kind: str) -> s3.Parts | s3.Session:
    return s3.Parts(server.parts(name, 3)) if kind == "parts" else s3.Session(server.session(name))
