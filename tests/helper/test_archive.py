"""What artifacts and caches hold, and what an archive may not do."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podlane.helper import archive
from podlane.helper.archive.folders import Folders


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    for name in ("a.txt", "out/b.txt", "out/deep/c.log", ".hidden/d", "out/.e"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(name)
    (project / "link").symlink_to("out")
    (project / "dead").symlink_to("nowhere")
    (project / "outward").symlink_to("/etc")
    (project / "loop").symlink_to("loop")
    return project


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a.txt", ["a.txt"]),
        ("./a.txt", ["a.txt"]),
        ("out/", ["out", "out/.e", "out/b.txt", "out/deep", "out/deep/c.log"]),
        ("out/*.txt", ["out/b.txt"]),
        ("**/*.log", ["out/deep/c.log"]),
        ("out/**/*.{txt,log}", ["out/b.txt", "out/deep/c.log"]),
        (".hidden", [".hidden", ".hidden/d"]),
        ("link", ["link"]),
        ("dead", ["dead"]),
        ("nothing", []),
        ("../secret", None),
        ("/etc/passwd", None),
        ("outward/passwd", None),
        ("outward/pass*", None),
        ("link/b.txt", ["link/b.txt"]),
        ("link/*.txt", ["link/b.txt"]),
        ("link/deep", ["link/deep", "link/deep/c.log"]),
        ("loop/x", None),
        ("a.txt/x", []),
        ("out/../a.txt", ["a.txt"]),
        ("[", []),
        ("with\0nul", None),
    ],
)
def test_find(project: Path, pattern: str, expected: list[str] | None) -> None:
    assert archive.find(project, pattern) == expected


def test_an_absolute_pattern_within_the_project(project: Path) -> None:
    assert archive.find(project, f"{project}/out/*.txt") == ["out/b.txt"]


@pytest.mark.parametrize("form", get_args(archive.Format))
@pytest.mark.parametrize("level", get_args(archive.Level))
def test_there_and_back(
    project: Path, tmp_path: Path, form: archive.Format, level: archive.Level
) -> None:
    noise = os.urandom(100_000) + bytes(500_000) + b"text " * 100_000
    (project / "large").write_bytes(noise)
    (project / "a.txt").chmod(0o755)
    os.utime(project / "a.txt", (1_700_000_000, 1_700_000_000))
    found = archive.find(project, "**/*") or []
    packed = archive.pack(tmp_path / "x", project, found, format=form, level=level)
    assert (packed.files, packed.size) == (len(found), (tmp_path / "x").stat().st_size)
    assert archive.names(tmp_path / "x") == set(found)
    target = tmp_path / "target"
    target.mkdir()
    archive.unpack(tmp_path / "x", target)
    assert (target / "large").read_bytes() == noise
    assert (target / "a.txt").read_text() == "a.txt"
    assert stat.S_IMODE((target / "a.txt").stat().st_mode) == 0o755
    assert abs((target / "a.txt").stat().st_mtime - 1_700_000_000) <= 2
    assert (target / "link").readlink() == Path("out")
    assert (target / "outward").readlink() == Path("/etc")
    assert (target / "out/deep/c.log").read_text() == "out/deep/c.log"
    archive.unpack(tmp_path / "x", target)  # over what is there


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


LINK = stat.S_IFLNK | 0o777


@pytest.mark.parametrize(
    "entries",
    [
        [(entry("../x"), "x")],
        [(entry("/x"), "x")],
        [(entry("a/../../x"), "x")],
        [(entry("l", LINK), "/etc"), (entry("l/x"), "x")],
        [(entry("l", LINK), "../.."), (entry("l/x"), "x")],
        [(entry("d", stat.S_IFCHR | 0o666), "")],
    ],
)
def test_an_archive_cannot_write_outside(
    tmp_path: Path, entries: list[tuple[zipfile.ZipInfo, str]]
) -> None:
    source, target = tmp_path / "x.zip", tmp_path / "deep" / "target"
    target.mkdir(parents=True)
    with zipfile.ZipFile(source, "w") as made:
        for info, text in entries:
            made.writestr(info, text)
    with pytest.raises(archive.BadArchive):
        archive.unpack(source, target)
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "deep" / "x").exists()


def test_no_archive_at_all(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no zip")
    with pytest.raises(archive.BadArchive):
        archive.unpack(tmp_path / "x", tmp_path)


def test_a_link_that_is_already_there_is_not_followed(tmp_path: Path) -> None:
    target, outside = tmp_path / "target", tmp_path / "outside"
    target.mkdir()
    outside.mkdir()
    (target / "d").symlink_to(outside)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as made:
        made.writestr(entry("d/x"), "x")
    with pytest.raises(archive.BadArchive):
        archive.unpack(tmp_path / "x.zip", target)
    assert not list(outside.iterdir())


def unpacked(source: Path, tmp_path: Path) -> Path:
    target = tmp_path / "target"
    target.mkdir()
    archive.unpack(source, target)
    return target


@pytest.mark.parametrize("form", get_args(archive.Format))
def test_names_and_files_of_all_kinds(tmp_path: Path, form: archive.Format) -> None:
    project = tmp_path / "project"
    deep = "/".join(["d" * 100] * 60)  # longer than any path may be in one call
    with archive_folders(project, deep) as where:
        for name in (b"l" * 255, b"caf\xe9", "grün".encode(), b"new\nline", b"-rf *", b" "):
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=where))
    (project / "old").write_text("old")
    os.utime(project / "old", (-86_400, -86_400))
    (project / "twin").hardlink_to(project / "old")
    (project / "long-link").symlink_to("t" * 2000)
    (project / "empty").mkdir()
    names = archive.find(project, ".") or []
    assert len(names) == 60 + 6 + 4
    packed = archive.pack(tmp_path / "x", project, names, format=form)
    assert packed.warnings == ()
    target = unpacked(tmp_path / "x", tmp_path)
    assert archive.find(target, ".") == names
    assert (target / "twin").read_text() == "old"
    assert (target / "long-link").readlink() == Path("t" * 2000)
    assert (target / "old").stat().st_mtime == -86_400


@contextlib.contextmanager
def archive_folders(project: Path, deep: str) -> Iterator[int]:
    project.mkdir()
    with Folders(project) as folders:
        yield folders.open([part.encode() for part in deep.split("/")], make=True)


def test_what_changes_while_it_is_packed(tmp_path: Path) -> None:
    for name in ("gone", "grows", "shrinks"):
        (tmp_path / name).write_bytes(b"x" * 600_000)

    def change(_count: int) -> None:
        """After the first block of all."""
        if (tmp_path / "gone").exists():
            (tmp_path / "gone").unlink()
            os.truncate(tmp_path / "shrinks", 1000)
            with (tmp_path / "grows").open("ab") as file:
                file.write(b"y" * 1_000_000)

    for form in get_args(archive.Format):
        (tmp_path / "gone").write_bytes(b"x")
        (tmp_path / "grows").write_bytes(b"x" * 600_000)
        (tmp_path / "shrinks").write_bytes(b"x" * 600_000)
        names = ["grows", "shrinks", "gone"]
        packed = archive.pack(tmp_path / "x.a", tmp_path, names, format=form, progress=change)
        assert packed.warnings == (
            "'grows' changed while it was packed",
            "'gone' went away before it could be packed",
        )
        shutil.rmtree(tmp_path / "target", ignore_errors=True)
        target = unpacked(tmp_path / "x.a", tmp_path)
        assert (target / "grows").read_bytes() == b"x" * 600_000
        assert (target / "shrinks").read_bytes() == b"x" * 1000


@pytest.mark.parametrize("form", get_args(archive.Format))
def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path, form: archive.Format) -> None:
    (tmp_path / "f").write_bytes(b"x" * 600_000)

    def shrink(_count: int) -> None:
        os.truncate(tmp_path / "f", 262_144)

    packed = archive.pack(tmp_path / "x", tmp_path, ["f"], format=form, progress=shrink)
    assert packed.warnings == ("'f' changed while it was packed",)
    content = (unpacked(tmp_path / "x", tmp_path) / "f").read_bytes()
    assert content.rstrip(b"\0") == b"x" * 262_144


def test_modes_owners_and_what_is_not_given(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "tool").write_text("#!")
    (project / "tool").chmod(0o6755)
    (project / "closed").mkdir()
    (project / "closed" / "f").write_text("x")
    (project / "closed").chmod(0o2550)
    archive.pack(tmp_path / "x", project, archive.find(project, ".") or [])
    with zipfile.ZipFile(tmp_path / "x") as made:
        assert made.getinfo("tool").external_attr >> 16 == stat.S_IFREG | 0o6755
    target = unpacked(tmp_path / "x", tmp_path)
    assert stat.S_IMODE((target / "tool").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "closed").stat().st_mode) == 0o2550
    assert (target / "closed" / "f").read_text() == "x"
    assert (target / "tool").stat().st_uid == os.geteuid()


def test_where_the_group_must_do_it_gets_what_the_owner_has(tmp_path: Path) -> None:
    """Two users who are not root share the working copy: the umask is 002."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "d").mkdir(mode=0o755)
        (folder / "d" / "f").write_text("x")
        (folder / "d" / "f").chmod(0o644)
        (folder / "secret").write_text("x")
        (folder / "secret").chmod(0o600)
        archive.pack(folder / "x", folder, ["d", "d/f"])
        (folder / "target").mkdir()
        (folder / "target").chmod(0o777)
        folder.chmod(0o755)
        assert as_nobody(folder) == b"secret: permission denied\n()"
        target = folder / "target"
        assert stat.S_IMODE((target / "d").stat().st_mode) == 0o775
        assert stat.S_IMODE((target / "d/f").stat().st_mode) == 0o664
    finally:
        shutil.rmtree(folder)


def as_nobody(folder: Path) -> bytes:
    """In a process of another user: pack what is not readable, unpack what is."""
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        said = "it crashed"
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.umask(0o002)
            try:
                archive.pack(folder / "target" / "y", folder, ["secret"])
            except OSError as error:
                said = archive.reason(error)
            (folder / "target" / "y").unlink()
            said += f"\n{archive.unpack(folder / 'x', folder / 'target').warnings}"
        finally:
            os.write(write_end, said.encode())
            os._exit(0)
    os.close(write_end)
    os.wait()
    with os.fdopen(read_end, "rb") as said_by_it:
        return said_by_it.read()


def test_what_is_there_is_replaced(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "d").mkdir(parents=True)
    for name in ("file", "was-link", "was-folder", "d/f"):
        (project / name).write_text("new")
    archive.pack(tmp_path / "x", project, archive.find(project, ".") or [])
    target, outside = tmp_path / "target", tmp_path / "outside"
    target.mkdir()
    outside.write_text("untouched")
    (target / "file").write_text("old and longer")
    (target / "file").chmod(0o400)
    (target / "was-link").symlink_to(outside)
    (target / "was-folder").mkdir()
    (target / "d").symlink_to(tmp_path)
    archive.unpack(tmp_path / "x", target)
    assert {path.name: path.read_text() for path in target.rglob("*") if path.is_file()} == {
        "file": "new",
        "was-link": "new",
        "was-folder": "new",
        "f": "new",
    }
    assert not (target / "d").is_symlink()
    assert outside.read_text() == "untouched"


NAMES = st.lists(
    st.text(alphabet="ab.ü \n\udce9*[", min_size=1, max_size=5).filter(
        lambda part: part not in (".", "..")
    ),
    min_size=1,
    max_size=4,
).map("/".join)


@given(
    wanted=st.dictionaries(NAMES, st.binary(max_size=400), max_size=6),
    form=st.sampled_from(get_args(archive.Format)),
    level=st.sampled_from(get_args(archive.Level)),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_tree_comes_back_as_it_was(
    tmp_path: Path, wanted: dict[str, bytes], form: archive.Format, level: archive.Level
) -> None:
    shutil.rmtree(tmp_path / "a", ignore_errors=True)
    shutil.rmtree(tmp_path / "target", ignore_errors=True)
    source = tmp_path / "a"
    source.mkdir()
    for name, data in wanted.items():
        path = source / name
        with contextlib.suppress(OSError):  # one is the folder of another
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    names = archive.find(source, ".") or []
    archive.pack(tmp_path / "x", source, names, format=form, level=level)
    target = unpacked(tmp_path / "x", tmp_path)
    assert archive.find(target, ".") == names
    for name in names:
        if (source / name).is_file():
            assert (target / name).read_bytes() == (source / name).read_bytes()
