"""config.toml changed: the new one if it is good, else the old one stays and we say why.

A ConfigMap that is mounted changes by a swap of the `..data` link above the file, so the file that
the path leads to is looked at, not the path: another inode, time or size is a change.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import msgspec

from podlane.core.config.check import Checked
from podlane.errors import ConfigError
from podlane.manager.config_file import check_text, read_text, unless_unfit
from podlane.manager.environment import ENVIRONMENT

LOOK_SECONDS = 2.0

Stamp = tuple[int, int, int, int]


class Loaded(msgspec.Struct, frozen=True):
    """The file changed and is good."""

    checked: Checked


class Kept(msgspec.Struct, frozen=True):
    """The file changed and is broken or gone: what was in force stays so."""

    error: ConfigError


async def changes(
    path: Path, hup: asyncio.Event, *, environ: Mapping[str, str] = ENVIRONMENT
) -> AsyncGenerator[Loaded | Kept, None]:
    """Yield each change of the file from now on; `hup` asks for a look at once.

    A broken text is said once, and again when `hup` asks. A text equal to the one in force, such as
    after `touch`, is no change unless `hup` asks.
    """
    stamp = _stamp(path)
    seen = _read(path)
    while True:
        is_asked = await _asked(hup)
        latest = _stamp(path)
        if latest == stamp and not is_asked:
            continue
        text = _read(path)
        if text == seen and not is_asked:
            stamp = latest
            continue
        stamp, seen = latest, text
        yield _judge(path, text, environ)


async def _asked(hup: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await hup.wait()
    except TimeoutError:
        return False
    hup.clear()
    return True


def _judge(path: Path, text: str | ConfigError, environ: Mapping[str, str]) -> Loaded | Kept:
    if isinstance(text, ConfigError):
        return Kept(text)
    try:
        return Loaded(unless_unfit(path, check_text(text, path.parent, environ)))
    except ConfigError as error:
        return Kept(error)


def _read(path: Path) -> str | _Unreadable:
    try:
        return read_text(path)
    except ConfigError as error:
        return _Unreadable(error.message, hint=error.hint, reference=error.reference)


class _Unreadable(ConfigError):
    """A file that cannot be read; two such are the same when they read the same."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unreadable) and other.message == self.message

    def __hash__(self) -> int:
        return hash(self.message)


def _stamp(path: Path) -> Stamp | None:
    """What tells one file from another, links followed: each write makes a new one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
