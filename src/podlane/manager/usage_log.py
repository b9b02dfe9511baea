"""The usage log: one line of JSON for each finished job, in a file that is begun anew each day.

A folder that cannot be written to is said at once and hurts no job. A manager that is killed
between a record and the removal of the job's objects writes the record again, with the same `uuid`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from podlane.core.config.usage import UsageFiles
from podlane.core.job.usage_record import Ended, Who, usage_record
from podlane.core.text.token import short_token
from podlane.manager.runner import Runner

log = logging.getLogger(__name__)
FOLDER = "usage-log"
_CURRENT = "usage-log.json"
_FULL = "usage-log-{}.json"
_HINT = "mount a folder that the manager may write to, and name it by `log_dir`"


class UsageLog:
    """`home`: the folder of config.toml. Off until `change` switches it on."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._files: UsageFiles | None = None
        self._begun_at: float | None = None
        self._lock = threading.Lock()  # the writing is another thread's
        self._is_said = False

    def change(self, files: UsageFiles | None) -> None:
        """Take what the config says, and find out whether it can be done."""
        if files == self._files:
            return
        self._files, self._begun_at, self._is_said = files, None, False
        if files is not None:
            self._guarded(files, None)

    async def ended(self, runner: Runner, ended: Ended) -> None:
        """Write the record of a job. Never raises for a file's sake."""
        files = self._files
        if files is None:
            return
        settings = runner.context.runner
        who = Who(short_token(settings.token), settings.name, runner.context.system_id)
        record = usage_record(ended, who, settings.labels | files.labels)
        await asyncio.to_thread(self._guarded, files, record)

    def _guarded(self, files: UsageFiles, record: dict[str, Any] | None) -> None:
        with self._lock:
            try:
                self._write(files, record)
            except OSError as error:
                if not self._is_said:
                    fields = {"folder": str(self._folder(files)), "why": error.strerror}
                    log.error(
                        "Cannot write the usage log", extra={"fields": fields | {"hint": _HINT}}
                    )
                self._is_said = True
            else:
                self._is_said = False

    def _folder(self, files: UsageFiles) -> Path:
        return Path(files.folder) if files.folder else self._home / FOLDER

    def _write(self, files: UsageFiles, record: dict[str, Any] | None) -> None:
        folder, now = self._folder(files), time.time()
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        current = folder / _CURRENT
        if self._begun_at is None:
            self._begun_at = _begun_at(current, now)
        if now - self._begun_at >= files.age > 0 and current.exists():
            _rotate(folder, current, files.backups)
            self._begun_at = now
        with current.open("ab") as file:
            if record is not None:
                file.write(msgspec.json.encode(record) + b"\n")


def _begun_at(current: Path, now: float) -> float:
    """When the file was begun: its first record's time."""
    try:
        with current.open("rb") as file:
            first = msgspec.json.decode(file.readline())
        return datetime.fromisoformat(first["timestamp"]).timestamp()
    except (FileNotFoundError, msgspec.DecodeError, KeyError, TypeError, ValueError):
        return now


def _rotate(folder: Path, current: Path, backups: int) -> None:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    current.rename(folder / _FULL.format(stamp))
    if backups:
        for old in sorted(folder.glob(_FULL.format("*")))[:-backups]:
            old.unlink(missing_ok=True)
