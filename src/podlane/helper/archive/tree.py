"""Writes what an archive holds below one folder, and never anywhere else.

Every name is taken apart and looked up part by part from a descriptor of that folder, and no link
is followed: neither one of the archive, nor one that is there already, nor one that a process of
the job puts there meanwhile. What is in an entry's place is removed first.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from podlane.helper.archive.facts import BadArchive, Meta, Warnings, decode, show
from podlane.helper.archive.folders import Folders

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_OUTWARD = re.compile(rb"[/\\]|[A-Za-z]:[/\\]")
_TRIES = 10  # somebody who makes what we remove, again and again, is no accident
_GROUP_WRITES = 0o020


def parts_of(name: bytes) -> tuple[bytes, ...]:
    """The parts of an entry's name; none for the folder itself. BadArchive when it leads out."""
    if _OUTWARD.match(name) or b".." in re.split(rb"[/\\]", name) or b"\0" in name:
        raise BadArchive(f"the entry {show(decode(name))} would be written outside")
    return tuple(part for part in name.split(b"/") if part not in (b"", b"."))


class Tree:
    def __init__(self, project: Path) -> None:
        self.warnings = Warnings()
        self._folders = Folders(project)
        self._is_root = os.geteuid() == 0
        self._is_shared = not self._is_root and not _umask() & _GROUP_WRITES
        self._later: dict[tuple[bytes, ...], Meta] = {}
        self._told: set[str] = set()

    def folder(self, parts: tuple[bytes, ...], meta: Meta) -> None:
        if not parts:
            return
        *above, last = parts
        where = self._open(parts, above)
        try:
            os.mkdir(last, 0o777, dir_fd=where)
        except FileExistsError:
            if not stat.S_ISDIR(os.stat(last, dir_fd=where, follow_symlinks=False).st_mode):
                self._remove(parts, where)
                self._guard(parts, lambda: os.mkdir(last, 0o777, dir_fd=where))
        except OSError as error:
            raise _named(error, parts) from error
        self._later[parts] = meta

    def file(self, parts: tuple[bytes, ...], meta: Meta, content: Iterable[bytes]) -> int:
        """Write a file whole and return its size."""
        *above, last = parts
        where = self._open(parts, above)
        file = self._make(parts, where, lambda: os.open(last, _NEW, 0o600, dir_fd=where))
        size = 0
        try:
            for block in content:
                size += len(block)
                _write(file, block)
            self._dress(file, parts, meta)
        except OSError as error:
            raise _named(error, parts) from error
        finally:
            os.close(file)
        return size

    def link(self, parts: tuple[bytes, ...], meta: Meta, target: bytes) -> None:
        """Make a link as it was, wherever it leads: nothing is ever written through one."""
        if not target or b"\0" in target:
            raise BadArchive(f"the entry {_name(parts)} is a link that leads nowhere")
        *above, last = parts
        where = self._open(parts, above)
        self._make(parts, where, lambda: os.symlink(target, last, dir_fd=where))
        try:
            if self._is_root and meta.uid is not None and meta.gid is not None:
                os.chown(last, meta.uid, meta.gid, dir_fd=where, follow_symlinks=False)
            moment = (meta.mtime, meta.mtime)
            os.utime(last, moment, dir_fd=where, follow_symlinks=False)
        except (OSError, OverflowError) as error:
            self._warn("owner or time", parts, error)

    def finish(self) -> None:
        """Give the folders their modes, owners and times, the deepest first."""
        for parts in sorted(self._later, reverse=True):
            meta = self._later[parts]
            try:
                where = self._folders.open(parts[:-1])
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                file = os.open(parts[-1], flags, dir_fd=where)
            except OSError as error:
                self._warn("mode", parts, error)
                continue
            try:
                self._dress(file, parts, meta, is_folder=True)
            finally:
                os.close(file)

    def close(self) -> None:
        self._folders.close()

    def size_of(self, parts: tuple[bytes, ...]) -> int:
        """The bytes that go when this entry's place is cleared."""
        try:
            where = self._folders.open(parts[:-1])
            seen = os.stat(parts[-1], dir_fd=where, follow_symlinks=False)
        except (OSError, IndexError):
            return 0
        return seen.st_blocks * 512 if stat.S_ISREG(seen.st_mode) else 0

    def _open(self, parts: tuple[bytes, ...], above: list[bytes]) -> int:
        try:
            return self._folders.open(above, make=True)
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise BadArchive(
                    f"the entry {_name(parts)} needs a folder where there is a file or a link"
                ) from error
            raise _named(error, parts) from error

    def _make(self, parts: tuple[bytes, ...], where: int, make: Callable[[], int | None]) -> int:
        """Make something, and first remove what is in its place."""
        for _ in range(_TRIES):
            try:
                return make() or 0
            except FileExistsError:
                self._remove(parts, where)
            except OSError as error:
                raise _named(error, parts) from error
        raise BadArchive(f"the place of the entry {_name(parts)} is taken again and again")

    def _guard(self, parts: tuple[bytes, ...], make: Callable[[], None]) -> None:
        try:
            make()
        except OSError as error:
            raise _named(error, parts) from error

    def _remove(self, parts: tuple[bytes, ...], where: int) -> None:
        last = parts[-1]
        try:
            try:
                os.unlink(last, dir_fd=where)
            except (IsADirectoryError, PermissionError):
                os.rmdir(last, dir_fd=where)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise BadArchive(
                    f"the entry {_name(parts)} would replace a folder that is not empty"
                ) from error
            raise _named(error, parts) from error

    def _dress(
        self, file: int, parts: tuple[bytes, ...], meta: Meta, *, is_folder: bool = False
    ) -> None:
        """Owner (where we may), mode, time. What cannot be is told once for each kind."""
        seen = os.fstat(file)
        if self._is_root and meta.uid is not None and meta.gid is not None:
            uid, gid = meta.uid, meta.gid
            if (seen.st_uid, seen.st_gid) != (uid, gid):
                self._try("owner", parts, lambda: os.fchown(file, uid, gid))
        mode = self._mode(meta.mode, is_folder=is_folder)
        if stat.S_IMODE(seen.st_mode) != mode:
            self._try("mode", parts, lambda: os.fchmod(file, mode))
        self._try("time", parts, lambda: os.utime(file, (meta.mtime, meta.mtime)))

    def _mode(self, mode: int, *, is_folder: bool) -> int:
        """A file's setuid and setgid are not given: the archive may be another person's."""
        if not mode:
            mode = (0o777 if is_folder else 0o666) & ~0o022
        bits = mode & (0o3777 if is_folder else 0o777)
        return bits | (bits & 0o700) >> 3 if self._is_shared else bits

    def _try(self, what: str, parts: tuple[bytes, ...], act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, OverflowError) as error:
            self._warn(what, parts, error)

    def _warn(self, what: str, parts: tuple[bytes, ...], error: Exception) -> None:
        if what not in self._told:
            self._told.add(what)
            reason = getattr(error, "strerror", None) or str(error)
            self.warnings.add(
                f"the {what} of {_name(parts)} cannot be restored ({reason.lower()}), nor perhaps "
                "of others"
            )


def _write(file: int, block: bytes) -> None:
    count = os.write(file, block)
    while count < len(block):
        count += os.write(file, block[count:])


def _name(parts: tuple[bytes, ...]) -> str:
    return show(decode(b"/".join(parts)))


def _named(error: OSError, parts: tuple[bytes, ...]) -> OSError:
    return OSError(error.errno, error.strerror, decode(b"/".join(parts)))


def _umask() -> int:
    """The process's umask, read without setting it: other threads make files meanwhile."""
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.partition("Umask:")[2].split()[0], 8)
    except (OSError, IndexError, ValueError):
        mask = os.umask(0o022)
        os.umask(mask)
        return mask
