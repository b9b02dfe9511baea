"""Plain values → the model's types, and the few values that the types alone cannot refuse."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

from podlane.core.config.cache import AUTHENTICATIONS, ENCRYPTIONS, TYPES, faults
from podlane.core.config.lines import Path, find_line
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.recognise import Place
from podlane.core.text import token
from podlane.core.text.duration import parse_duration
from podlane.errors import ConfigError

T = TypeVar("T", Config, RunnerConfig)

LOG_LEVELS = ("panic", "fatal", "error", "warning", "warn", "info", "debug", "trace")
LOG_FORMATS = ("runner", "text", "json")
PULL_POLICIES = ("always", "if-not-present", "never")
SHELLS = ("bash", "sh", "pwsh", "powershell")
SCOPES = ("container", "session")
DURATIONS = ("connection_max_age", "get_sources_timeout", "unhealthy_interval")
ARTIFACT_DURATIONS = ("upload_timeout", "response_header_timeout")

_WORDS = {
    "str": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "`true` or `false`",
    "array": "a list in brackets",
    "list": "a list in brackets",
    "object": "a table",
    "dict": "a table",
}
_MISSING = re.compile(r"Object missing required field `([^`]*)`(?: - at `\$\.?(.*)`)?")
_MISMATCH = re.compile(r"Expected `([^`]*)`, got `([^`]*)`(?: - at `(?:key in )?\$\.?(.*)`)?")


def convert(values: dict[str, Any], kind: type[T], place: Place, lines: dict[Path, int]) -> T:
    """Turn `values` into `kind`, or name the key whose value has a wrong type."""
    try:
        return token.convert(_with_durations(values), kind)
    except msgspec.ValidationError as error:
        raise _mismatch(str(error), place, lines) from None


def type_error(
    expected: str, got: str, shown: str, path: Path, lines: dict[Path, int]
) -> ConfigError:
    wanted = " or ".join(_WORDS.get(word, word) for word in expected.split(" | ") if word != "null")
    line = find_line(lines, path)
    at = f"line {line}: " if line else ""
    hint = "write the value in quotes" if expected.startswith("str") and got != "list" else ""
    if got == "str" and expected.startswith(("int", "bool", "float")):
        hint = "write the value without quotes"
    return ConfigError(
        f"{at}`{shown}` must be {wanted}, and is {_WORDS.get(got, got)}",
        hint=hint,
        reference="config-type",
    )


def check_values(config: Config | RunnerConfig, place: Place, lines: dict[Path, int]) -> None:
    """Refuse values that have the right type and cannot be meant."""
    for path, value, allowed in _closed_sets(config):
        if value and value not in allowed:
            raise _value_error(path, place, lines, f"must be one of: {', '.join(allowed)}")
    for path, number, least in _numbers(config):
        if number < least:
            raise _value_error(path, place, lines, f"must be {least} or more, and is {number}")
    for key, what in faults(config.cache) if isinstance(config, RunnerConfig) else ():
        raise _value_error(f"cache.{key}", place, lines, what)
    for key, text in _durations(config):
        try:
            parse_duration(text or "0")
        except ValueError as error:
            raise _value_error(key, place, lines, f"is no duration: {error}") from None


def _durations(config: Config | RunnerConfig) -> list[tuple[str, str]]:
    found = [(key, getattr(config, key, "")) for key in DURATIONS]
    if isinstance(config, RunnerConfig):
        artifact = config.artifact
        found += [(f"artifact.{key}", getattr(artifact, key)) for key in ARTIFACT_DURATIONS]
    return found


def _closed_sets(config: Config | RunnerConfig) -> list[tuple[str, str, tuple[str, ...]]]:
    if isinstance(config, Config):
        return [
            ("log_level", config.log_level, LOG_LEVELS),
            ("log_format", config.log_format, LOG_FORMATS),
        ]
    policies = config.kubernetes.pull_policy
    return [
        ("shell", config.shell, SHELLS),
        ("podlane.scope", config.podlane.scope, SCOPES),
        ("cache.Type", config.cache.type, TYPES),
        (
            "cache.s3.AuthenticationType",
            config.cache.s3.authentication_type.lower(),
            AUTHENTICATIONS,
        ),
        (
            "cache.s3.ServerSideEncryption",
            config.cache.s3.server_side_encryption.lower(),
            ENCRYPTIONS,
        ),
        *(("kubernetes.pull_policy", policy, PULL_POLICIES) for policy in policies),
    ]


def _numbers(config: Config | RunnerConfig) -> list[tuple[str, int, int]]:
    if isinstance(config, Config):
        return [("concurrent", config.concurrent, 1), ("check_interval", config.check_interval, 0)]
    return [
        ("limit", config.limit, 0),
        ("output_limit", config.output_limit, 0),
        ("request_concurrency", config.request_concurrency, 0),
        ("kubernetes.poll_timeout", config.kubernetes.poll_timeout, 0),
        ("podlane.pending_limit", config.podlane.pending_limit, 0),
        ("cache.MaxUploadedArchiveSize", config.cache.max_uploaded_archive_size, 0),
        ("cache.s3.AssumeRoleMaxConcurrency", config.cache.s3.assume_role_max_concurrency, -1),
    ]


def _value_error(dotted: str, place: Place, lines: dict[Path, int], what: str) -> ConfigError:
    line = find_line(lines, (*place.path, *dotted.split(".")))
    at = f"line {line}: " if line else ""
    return ConfigError(f"{at}`{place.key(dotted)}` {what}", reference="config-value")


def _with_durations(values: dict[str, Any]) -> dict[str, Any]:
    """gitlab-runner takes a bare number as nanoseconds, Go's own unit."""
    whole = _in_words(values, DURATIONS)
    if isinstance(artifact := values.get("artifact"), dict):
        whole["artifact"] = artifact | _in_words(artifact, ARTIFACT_DURATIONS)
    return values | whole


def _in_words(values: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: f"{values[key]}ns" for key in keys if type(values.get(key)) is int}


def _mismatch(message: str, place: Place, lines: dict[Path, int]) -> ConfigError:
    if missing := _MISSING.fullmatch(message):
        steps = _steps(missing[2] or "")
        line = find_line(lines, (*place.path, *steps))
        table = place.key(missing[2]) if missing[2] else place.owner
        return ConfigError(
            f"line {line}: `{table}` lacks `{missing[1]}`", reference="config-missing"
        )
    match = _MISMATCH.fullmatch(message)
    if match is None:
        return ConfigError(f"{place.owner or 'the file'}: {message}", reference="config-type")
    dotted = (match[3] or "").replace("[...]", "")
    return type_error(match[1], match[2], place.key(dotted), (*place.path, *_steps(dotted)), lines)


def _steps(dotted: str) -> Path:
    """Split msgspec's way of naming a place, `volumes.secret[0].name`."""
    steps = re.findall(r"[^.\[\]]+", dotted)
    return tuple(int(step) if step.isdigit() else step for step in steps)
