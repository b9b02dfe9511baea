"""Durations in config.toml: Go's texts, and which keys hold one, wherever they stand.

gitlab-runner takes a bare number there as nanoseconds, Go's own unit: it is put into words first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from podlane.core.text.duration import parse_duration

KEYS = (  # of the file's top and of a runner; `*` is each entry of a list
    "connection_max_age",
    "experimental.usage_logger.max_rotation_age",
    "experimental.usage_logger.logrotate.max_rotation_age",
    "get_sources_timeout",
    "prepare_timeout",
    "unhealthy_interval",
    "artifact.upload_timeout",
    "artifact.response_header_timeout",
    "experimental.boot_verify.timeout",
    "experimental.boot_verify.acquire_min_backoff",
    "experimental.boot_verify.acquire_max_backoff",
    "monitoring.job_queuing_durations.*.threshold",
    "kubernetes.autoscaler.policy.*.idle_time",
)


def in_words(values: Any) -> Any:
    """Return the plain `values` with each bare number among KEYS as a text with its unit."""
    for path in KEYS:
        values = _put(values, path.split("."))
    return values


def faults(*rows: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """Key and its text, such as `1h30m`; an empty one is the default."""
    for key, text in rows:
        try:
            parse_duration(text or "0")
        except ValueError as error:
            yield key, f"is no duration: {error}"


def _put(value: Any, steps: list[str]) -> Any:
    if not steps:
        return f"{value}ns" if type(value) is int else value
    step, rest = steps[0], steps[1:]
    if step == "*" and isinstance(value, list):
        return [_put(item, rest) for item in value]
    if isinstance(value, dict) and step in value:
        return value | {step: _put(value[step], rest)}
    return value
