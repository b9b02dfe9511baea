"""What a cache holds, told by its content; and the folder that two jobs share."""

from __future__ import annotations

import os
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlane.core.plan.model import CacheKey
from podlane.helper import archive
from podlane.helper.archive import Format
from podlane.helper.cache import content
from podlane.helper.cache.place import Place
from podlane.helper.progress import megabytes, pace
from podlane.helper.work import Work

NAMES = st.text(
    # a name that begins with a backslash is refused on the way out
    st.characters(exclude_characters="/\0\\", exclude_categories=["Cs"]),
    min_size=1,
    max_size=20,
).filter(lambda name: name not in (".", ".."))
TREES = st.dictionaries(NAMES, st.tuples(st.binary(max_size=300), st.sampled_from((0o644, 0o755))))


def write(folder: Path, tree: dict[str, tuple[bytes, int]]) -> list[str]:
    for name, (data, mode) in tree.items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(mode)
    return list(tree)


def now(folder: Path, names: list[str]) -> bytes | None:
    return content.of_project(folder, names, lambda count: None)


def packed(folder: Path, names: list[str], form: Format) -> Path:
    target = folder.parent / "archive"
    archive.pack(target, folder, names, format=form)
    if form == "tarzstd":
        made = now(folder, names)
        assert made
        content.sign(target, made)
    return target


@settings(max_examples=60, deadline=None)
@given(tree=TREES, form=st.sampled_from(("zip", "zipzstd", "tarzstd")))
def test_an_archive_tells_what_was_packed(tree: dict[str, tuple[bytes, int]], form: Format) -> None:
    tree = {name: value for name, value in tree.items() if len(name.encode()) < 200}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "project"
        folder.mkdir()
        names = write(folder, tree)
        (folder / "a link").symlink_to("nowhere/at all")
        (folder / "a folder").mkdir()
        names += ["a link", "a folder"]
        made = packed(folder, names, form)
        held = content.of_archive(made)
        assert held == now(folder, names[::-1])
        again = Path(place) / "again"
        again.mkdir()
        archive.unpack(made, again)  # what is signed is still an archive
        assert now(again, names) == held


@pytest.mark.parametrize("form", ["zip", "tarzstd"])
@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        (lambda folder: os.utime(folder / "one", (1e9, 1e9)), True),
        (lambda folder: (folder / "deep").chmod(0o700), True),
        (lambda folder: (folder / "one").write_text("eno"), False),
        (lambda folder: (folder / "one").chmod(0o755), False),
        (lambda folder: (folder / "one").rename(folder / "two"), False),
        (lambda folder: (folder / "one").unlink(), False),
        (lambda folder: (folder / "deep/more").touch(), False),
        (
            lambda folder: [(folder / "link").unlink(), (folder / "link").symlink_to("two")],
            False,
        ),
        (lambda folder: [(folder / "one").unlink(), (folder / "one").mkdir()], False),
    ],
)
def test_what_counts_as_a_change(tmp_path: Path, form: Format, change: Any, is_same: bool) -> None:
    folder = tmp_path / "project"
    (folder / "deep").mkdir(parents=True)
    (folder / "one").write_text("one")
    (folder / "one").chmod(0o644)
    (folder / "link").symlink_to("one")
    made = packed(folder, archive.find(folder, "*") or [], form)
    change(folder)
    assert (now(folder, archive.find(folder, "*") or []) == content.of_archive(made)) is is_same


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive", b"\x28\xb5\x2f\xfd and nothing"])
def test_what_is_no_archive_tells_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert content.of_archive(tmp_path / "file") is None


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert now(tmp_path, ["pipe"]) == content.digest([])


def test_a_file_that_goes_away(tmp_path: Path) -> None:
    assert now(tmp_path, ["gone"]) is None


def test_two_jobs_write_while_a_third_reads(tmp_path: Path) -> None:
    places = [_place(tmp_path, job) for job in (1, 2, 3)]
    ends = threading.Event()
    seen: list[set[str]] = []

    def keep(place: Place, name: str) -> None:
        while not ends.is_set():
            place.prepare()
            with zipfile.ZipFile(place.fresh, "w") as made:
                for number in range(20):
                    made.writestr(f"{name}-{number}", "x" * 1000)
            place.keep_fresh()

    writers = [
        threading.Thread(target=keep, args=(place, name))
        for place, name in zip(places[:2], ("a", "b"), strict=True)
    ]
    for writer in writers:
        writer.start()
    try:
        while len(seen) < 100 or len(set().union(*seen)) < 2:
            if places[2].modified():
                seen.append({name[0] for name in archive.names(places[2].archive)})
    finally:
        ends.set()
        for writer in writers:
            writer.join()
    assert all(len(names) == 1 for names in seen)


def test_what_is_noted_holds_for_that_archive_alone(tmp_path: Path) -> None:
    place, other = _place(tmp_path, 1), _place(tmp_path, 2)
    place.prepare()
    place.fresh.write_bytes(b"one")
    place.keep_fresh()
    assert place.etag_of("object") == ""
    with place.archive.open("rb") as file:
        other.fresh.write_bytes(b"two")
        other.keep_fresh()  # another job, while ours was uploading
        place.note_object(file.fileno(), "object", '"etag"', 1e9)
    assert place.etag_of("object") == ""
    with place.archive.open("rb") as file:
        place.note_object(file.fileno(), "object", '"etag"', 1e9)
    assert place.etag_of("object") == '"etag"'
    assert place.etag_of("another") == ""
    assert place.modified() == 1e9


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (5162, "5.16 kB"),
        (99_949, "99.9 kB"),
        (388_136_154, "388 MB"),
        (999_600, "1 MB"),
        (5_000_000_000, "5 GB"),
    ],
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert megabytes(size) == text


def test_a_rate_where_it_says_something() -> None:
    assert pace(388e6, 1.25) == "1.2 s (310 MB/s)"
    assert pace(388e6, 0.01) == "0.0 s"
    assert pace(388, 2) == "2.0 s"


def _place(folder: Path, job: int) -> Place:
    plan = SimpleNamespace(job=SimpleNamespace(id=job), places=SimpleNamespace(cache=str(folder)))
    return Place(cast("Work", SimpleNamespace(plan=plan)), CacheKey("key", "key"))
