"""The local archive of a key, `<cache>/<key>/cache.zip`, and what is noted beside it.

The folder may be a volume that several jobs use at once: an archive is written under a name of its
own and then put in place in one step, so that whoever reads has a whole one, old or new.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import msgspec

from podlane.core.plan.model import CacheKey
from podlane.helper.work import Work

_OLD_SECONDS = 24 * 3600.0


class Metadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """`cachekey` is gitlab-runner's word. `object`, `etag`: the object that the archive equals, if
    the archive is still the file of this `stamp`."""

    cachekey: str
    object: str = ""
    etag: str = ""
    stamp: str = ""


class Place:
    """The plan has taken care that the path of the key lies below the cache's folder."""

    def __init__(self, work: Work, key: CacheKey) -> None:
        self.key = key
        self.archive = Path(os.path.normpath(Path(work.plan.places.cache) / key.path / "cache.zip"))
        assert self.archive.is_relative_to(work.plan.places.cache)
        self.fresh = self.archive.with_name(f"cache.zip.{work.plan.job.id}")
        self._metadata = self.archive.with_name("metadata.json")

    def prepare(self) -> None:
        """Make the folder; what jobs that were killed have left there a day ago goes."""
        self.archive.parent.mkdir(parents=True, exist_ok=True)
        for left in self.archive.parent.glob("cache.zip.*"):
            with contextlib.suppress(OSError):
                if left.stat().st_mtime < time.time() - _OLD_SECONDS:
                    left.unlink()

    def modified(self) -> float:
        """Epoch seconds; 0 when there is no archive."""
        try:
            return self.archive.stat().st_mtime if self.archive.is_file() else 0.0
        except OSError:
            return 0.0

    def etag_of(self, name: str) -> str:
        """The state of this object that the archive equals; "" when it is not known to."""
        try:
            noted = msgspec.json.decode(self._metadata.read_bytes(), type=Metadata)
            is_same = noted.stamp == _stamp(self.archive.stat())
        except (OSError, msgspec.DecodeError):
            return ""
        return noted.etag if is_same and noted.object == name else ""

    def keep_fresh(self) -> None:
        """Put the fresh archive in place; it equals no object yet."""
        self._note(Metadata(self.key.name))
        self.fresh.replace(self.archive)

    def note_object(self, descriptor: int, name: str, etag: str, moment: float) -> None:
        """This open archive equals an object that was written at `moment` of the store's clock.

        By then it may have been replaced, by another job on the same volume.
        """
        with contextlib.suppress(OSError):
            if moment:
                os.utime(descriptor, (moment, moment))
            self._note(Metadata(self.key.name, name, etag, _stamp(os.fstat(descriptor))))

    def forget(self) -> None:
        """The archive is of no use to anybody."""
        with contextlib.suppress(OSError):
            self.archive.unlink(missing_ok=True)

    def drop_fresh(self) -> None:
        with contextlib.suppress(OSError):
            self.fresh.unlink(missing_ok=True)

    def _note(self, metadata: Metadata) -> None:
        """Nobody depends on it: a folder that cannot take it keeps the archive alone."""
        fresh = self.fresh.with_name(f"metadata.json{self.fresh.suffix}")
        with contextlib.suppress(OSError):
            fresh.write_bytes(msgspec.json.encode(metadata))
            fresh.replace(self._metadata)


def _stamp(seen: os.stat_result) -> str:
    return f"{seen.st_ino}-{seen.st_size}"
