"""config.toml changes under a running manager: real files, and the loop's own time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from podlane.manager.reload import LOOK_SECONDS, Kept, Loaded, changes

RUNNER = '[[runners]]\nurl = "https://g.example"\ntoken = "t"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text("concurrent = 4\n" + RUNNER)
    return file


class Watch:
    """Runs `changes` and hands out what it yields."""

    def __init__(self, file: Path) -> None:
        self.hup = asyncio.Event()
        self._changes = changes(file, self.hup, environ={})
        self._pending: asyncio.Task[Loaded | Kept] | None = None

    async def begin(self) -> None:
        """Let it take note of the file as it is."""
        self._pending = asyncio.ensure_future(anext(self._changes))  # noqa: TID251
        await asyncio.sleep(0)

    async def next(self) -> Loaded | Kept:
        assert self._pending is not None
        async with asyncio.timeout(LOOK_SECONDS * 3):
            found = await self._pending
        await self.begin()
        return found

    async def nothing(self) -> None:
        """Several looks later there is still nothing to say."""
        assert self._pending is not None
        done, _ = await asyncio.wait([self._pending], timeout=LOOK_SECONDS * 3)
        assert not done

    async def end(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.wait([self._pending])
        await self._changes.aclose()


@asynccontextmanager
async def watching(file: Path) -> AsyncIterator[Watch]:
    watch = Watch(file)
    await watch.begin()
    try:
        yield watch
    finally:
        await watch.end()


def replace(file: Path, text: str) -> None:
    """As an editor does: another file in its place."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


async def loaded(watch: Watch) -> Loaded:
    found = await watch.next()
    assert isinstance(found, Loaded)
    return found


@pytest.mark.looptime
async def test_a_new_file_is_loaded(file: Path) -> None:
    async with watching(file) as watch:
        await watch.nothing()
        replace(file, "concurrent = 8\nconcurent = 9\n" + RUNNER)
        found = await loaded(watch)
        assert found.checked.config.concurrent == 8
        assert [note.kind for note in found.checked.notes] == ["unknown"]
        await watch.nothing()


@pytest.mark.looptime
async def test_a_broken_file_keeps_the_old_one_and_says_so_once(file: Path) -> None:
    async with watching(file) as watch:
        replace(file, "concurrent = 0\n" + RUNNER)
        found = await watch.next()
        assert isinstance(found, Kept)
        assert found.error.message == (f"{file}: line 1: `concurrent` must be 1 or more, and is 0")
        replace(file, "concurrent = 0\n" + RUNNER)
        await watch.nothing()
        replace(file, "concurrent = 5\n" + RUNNER)
        assert (await loaded(watch)).checked.config.concurrent == 5


@pytest.mark.looptime
async def test_a_file_that_goes_and_comes(file: Path) -> None:
    async with watching(file) as watch:
        file.unlink()
        found = await watch.next()
        assert isinstance(found, Kept)
        assert f"cannot read {file}" in found.error.message
        await watch.nothing()
        replace(file, "concurrent = 6\n" + RUNNER)
        assert (await loaded(watch)).checked.config.concurrent == 6


@pytest.mark.looptime
async def test_hup_loads_at_once_even_the_same_file(file: Path) -> None:
    async with watching(file) as watch:
        watch.hup.set()
        assert (await loaded(watch)).checked.config.concurrent == 4
        assert not watch.hup.is_set()
        file.touch()
        await watch.nothing()


@pytest.mark.looptime
async def test_the_swap_of_a_mounted_config_map(tmp_path: Path) -> None:
    def publish(name: str, text: str) -> None:
        version = tmp_path / name
        version.mkdir()
        (version / "config.toml").write_text(text)
        link = tmp_path / "..data_tmp"
        link.symlink_to(name)
        link.replace(tmp_path / "..data")

    publish("..v1", "concurrent = 1\n" + RUNNER)
    file = tmp_path / "config.toml"
    file.symlink_to("..data/config.toml")
    async with watching(file) as watch:
        await watch.nothing()
        publish("..v2", "concurrent = 2\n" + RUNNER)
        assert (await loaded(watch)).checked.config.concurrent == 2
