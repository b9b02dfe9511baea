"""The variables by which a job steers its runner (`GIT_STRATEGY`, `RUNNER_SCRIPT_TIMEOUT`, …).

A word that means nothing is never fatal: `read` gives the default, `complaints` the warning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal, TypeVar

import msgspec

from podlane.core.job.variables import Reader
from podlane.core.plan.model import CACHE_SECONDS, Note
from podlane.core.text.boolean import parse_boolean
from podlane.core.text.duration import parse_duration

Format = Literal["zip", "tarzstd", "zipzstd"]
T_co = TypeVar("T_co", covariant=True)


class Setting(msgspec.Struct, Generic[T_co], frozen=True):
    """`parse` raises ValueError, whose text says what is wanted."""

    key: str
    parse: Callable[[str], T_co]
    default: T_co


def read(setting: Setting[T_co], variables: Reader) -> T_co:
    """Return what the job says, or the default where it says nothing or nonsense."""
    text = variables.get(setting.key).strip()
    if not text:
        return setting.default
    try:
        return setting.parse(text)
    except ValueError:
        return setting.default


def complaints(variables: Reader) -> tuple[Note, ...]:
    """Name every steering variable whose value means nothing."""
    return tuple(note for setting in ALL for note in _complaint(setting, variables))


def _complaint(setting: Setting[object], variables: Reader) -> tuple[Note, ...]:
    text = variables.get(setting.key).strip()
    if not text:
        return ()
    try:
        setting.parse(text)
    except ValueError as error:
        return (Note(f"{setting.key} is ignored: its value is not {error}", "warning"),)
    return ()


def _word(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return text

    return parse


def _format(text: str) -> Format:
    match text.lower():
        case "zip" | "tarzstd" | "zipzstd" as word:
            return word
        case _:
            raise ValueError("one of zip, tarzstd, zipzstd")


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            raise ValueError(f"a number from {least} to {most}")
        return int(text[:9])

    return parse


def _minutes(text: str) -> float:
    return 60.0 * _number(1, 99_999)(text)


def _boolean(text: str) -> bool:
    try:
        return parse_boolean(text)
    except ValueError:
        raise ValueError("true or false") from None


def _seconds(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError:
        raise ValueError("a duration such as 90s, 10m or 1h30m") from None
    if seconds < 0:
        raise ValueError("a duration of zero or more")
    return seconds


def _flags(text: str) -> tuple[str, ...]:
    """Words split at blanks; the word `none` alone switches the flags off."""
    return () if text == "none" else tuple(text.split())


def _paths(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIT_STRATEGY = Setting("GIT_STRATEGY", _word("clone", "fetch", "none", "empty"), "")
GIT_CHECKOUT = Setting("GIT_CHECKOUT", _boolean, True)  # noqa: FBT003
GIT_CLEAN_FLAGS: Setting[tuple[str, ...]] = Setting("GIT_CLEAN_FLAGS", _flags, ("-ffdx",))
GIT_FETCH_EXTRA_FLAGS: Setting[tuple[str, ...]] = Setting(
    "GIT_FETCH_EXTRA_FLAGS", _flags, ("--prune", "--quiet")
)
GIT_CLONE_EXTRA_FLAGS: Setting[tuple[str, ...]] = Setting("GIT_CLONE_EXTRA_FLAGS", _flags, ())
GIT_SUBMODULE_STRATEGY = Setting(
    "GIT_SUBMODULE_STRATEGY", _word("none", "normal", "recursive"), "none"
)
GIT_SUBMODULE_DEPTH = Setting("GIT_SUBMODULE_DEPTH", _number(0, 999_999_999), -1)
GIT_SUBMODULE_PATHS: Setting[tuple[str, ...]] = Setting("GIT_SUBMODULE_PATHS", _paths, ())
GIT_SUBMODULE_UPDATE_FLAGS: Setting[tuple[str, ...]] = Setting(
    "GIT_SUBMODULE_UPDATE_FLAGS", _flags, ()
)
GIT_SUBMODULE_FORCE_HTTPS = Setting("GIT_SUBMODULE_FORCE_HTTPS", _boolean, False)  # noqa: FBT003
GIT_LFS_SKIP_SMUDGE = Setting("GIT_LFS_SKIP_SMUDGE", _boolean, False)  # noqa: FBT003
GET_SOURCES_ATTEMPTS = Setting("GET_SOURCES_ATTEMPTS", _number(1, 10), 1)
SECRETS_RETRIEVAL_ATTEMPTS = Setting("SECRETS_RETRIEVAL_ATTEMPTS", _number(1, 10), 1)
RUNNER_SCRIPT_TIMEOUT = Setting("RUNNER_SCRIPT_TIMEOUT", _seconds, 0.0)
RUNNER_AFTER_SCRIPT_TIMEOUT = Setting("RUNNER_AFTER_SCRIPT_TIMEOUT", _seconds, 300.0)
AFTER_SCRIPT_IGNORE_ERRORS = Setting("AFTER_SCRIPT_IGNORE_ERRORS", _boolean, True)  # noqa: FBT003
RESTORE_CACHE_ATTEMPTS = Setting("RESTORE_CACHE_ATTEMPTS", _number(1, 10), 1)
CACHE_REQUEST_TIMEOUT = Setting("CACHE_REQUEST_TIMEOUT", _minutes, CACHE_SECONDS)
CACHE_COMPRESSION_FORMAT: Setting[Format] = Setting("CACHE_COMPRESSION_FORMAT", _format, "zip")
CACHE_COMPRESSION_LEVEL = Setting(
    "CACHE_COMPRESSION_LEVEL", _word("fastest", "fast", "default", "slow", "slowest"), "default"
)
CI_DEBUG_TRACE = Setting("CI_DEBUG_TRACE", _boolean, False)  # noqa: FBT003
CI_DEBUG_SERVICES = Setting("CI_DEBUG_SERVICES", _boolean, False)  # noqa: FBT003
ARTIFACT_COMPRESSION_LEVEL = Setting(
    "ARTIFACT_COMPRESSION_LEVEL", _word("fastest", "fast", "default", "slow", "slowest"), "default"
)
ARTIFACT_DOWNLOAD_ATTEMPTS = Setting("ARTIFACT_DOWNLOAD_ATTEMPTS", _number(1, 10), 1)
TRANSFER_METER_FREQUENCY = Setting("TRANSFER_METER_FREQUENCY", _seconds, 5.0)
RUNNER_GENERATE_ARTIFACTS_METADATA = Setting(
    "RUNNER_GENERATE_ARTIFACTS_METADATA",
    _boolean,
    False,  # noqa: FBT003
)
SLSA_PROVENANCE_SCHEMA_VERSION = Setting("SLSA_PROVENANCE_SCHEMA_VERSION", _word("v1"), "v1")

ALL: tuple[Setting[object], ...] = (
    GIT_STRATEGY,
    GIT_CHECKOUT,
    GIT_CLEAN_FLAGS,
    GIT_FETCH_EXTRA_FLAGS,
    GIT_CLONE_EXTRA_FLAGS,
    GIT_SUBMODULE_STRATEGY,
    GIT_SUBMODULE_DEPTH,
    GIT_SUBMODULE_PATHS,
    GIT_SUBMODULE_UPDATE_FLAGS,
    GIT_SUBMODULE_FORCE_HTTPS,
    GIT_LFS_SKIP_SMUDGE,
    GET_SOURCES_ATTEMPTS,
    SECRETS_RETRIEVAL_ATTEMPTS,
    RUNNER_SCRIPT_TIMEOUT,
    RUNNER_AFTER_SCRIPT_TIMEOUT,
    AFTER_SCRIPT_IGNORE_ERRORS,
    RESTORE_CACHE_ATTEMPTS,
    CACHE_REQUEST_TIMEOUT,
    CACHE_COMPRESSION_FORMAT,
    CACHE_COMPRESSION_LEVEL,
    CI_DEBUG_TRACE,
    CI_DEBUG_SERVICES,
    ARTIFACT_COMPRESSION_LEVEL,
    ARTIFACT_DOWNLOAD_ATTEMPTS,
    TRANSFER_METER_FREQUENCY,
    RUNNER_GENERATE_ARTIFACTS_METADATA,
    SLSA_PROVENANCE_SCHEMA_VERSION,
)
