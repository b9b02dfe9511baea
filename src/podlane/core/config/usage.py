"""`[experimental.usage_logger]`: a record of each finished job, in a folder of files.

The keys that `logrotate` has go before the older ones of the same name beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from podlane.core.config import durations, labels
from podlane.core.config.notes import ConfigNote
from podlane.core.config.place import Found
from podlane.core.text.duration import parse_duration

LOGROTATE = "logrotate"
_BILLING = "snowplow_billing"
_WRITERS = (LOGROTATE, _BILLING)
_WHY_NOT = "GitLab's own billing takes records from its own runners only"
_BACKUPS = 14
_AGE = 24 * 3600.0


class LogRotate(msgspec.Struct, frozen=True):
    """`[experimental.usage_logger.logrotate]`."""

    log_dir: str = ""  # empty: `usage-log` beside config.toml
    max_backup_files: int | None = None  # 14; 0: any number
    max_rotation_age: str = ""  # Go duration; empty: 24h
    labels: dict[str, str] = {}


class UsageLogger(msgspec.Struct, frozen=True):
    """`[experimental.usage_logger]`."""

    enabled: bool = False
    writers: tuple[str, ...] = (LOGROTATE,)
    logrotate: LogRotate = LogRotate()
    log_dir: str = ""
    max_backup_files: int | None = None
    max_rotation_age: str = ""
    labels: dict[str, str] = {}


class GlobalExperimental(msgspec.Struct, frozen=True):
    """`[experimental]`."""

    usage_logger: UsageLogger = UsageLogger()


class UsageFiles(msgspec.Struct, frozen=True):
    """Where the records go. `folder`: empty is the default; `backups`: 0 is any number."""

    folder: str
    backups: int
    age: float
    labels: dict[str, str]


def usage_files(settings: UsageLogger) -> UsageFiles | None:
    """None: no records are kept."""
    if not settings.enabled or LOGROTATE not in settings.writers:
        return None
    own = settings.logrotate
    backups = settings.max_backup_files if own.max_backup_files is None else own.max_backup_files
    age = own.max_rotation_age or settings.max_rotation_age
    return UsageFiles(
        folder=own.log_dir or settings.log_dir,
        backups=_BACKUPS if backups is None else backups,
        age=parse_duration(age) if age else _AGE,
        labels=settings.labels | own.labels,
    )


def remarks(settings: UsageLogger) -> list[Found]:
    """Whoever asks for GitLab's own accounting should hear that it gets nothing."""
    if not settings.enabled or _BILLING not in settings.writers:
        return []
    key = "experimental.usage_logger.writers"
    message = f"`{key}` names `{_BILLING}`, which has no effect: {_WHY_NOT}"
    return [Found(ConfigNote("moot", key, message), tuple(key.split(".")))]


def faults(settings: UsageLogger) -> Iterator[tuple[str, str]]:
    for number, writer in enumerate(settings.writers):
        if writer not in _WRITERS:
            yield f"writers[{number}]", f"must be one of: {', '.join(_WRITERS)}"
    yield from _faults(settings)


def faults_of_files(settings: LogRotate) -> Iterator[tuple[str, str]]:
    yield from _faults(settings)


def _faults(settings: UsageLogger | LogRotate) -> Iterator[tuple[str, str]]:
    if (settings.max_backup_files or 0) < 0:
        yield "max_backup_files", "must be 0 or more"
    yield from durations.faults(("max_rotation_age", settings.max_rotation_age))
    yield from labels.faults(settings.labels)
