"""Values that have the right type and cannot be meant, in the file's top and in a runner's tables;
and values that gitlab-runner takes in more than one form, brought into one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from podlane.core.config import addresses, dsn, durations, labels
from podlane.core.config.cache import AUTHENTICATIONS, ENCRYPTIONS, TYPES
from podlane.core.config.model import Config, RunnerConfig

LOG_LEVELS = ("panic", "fatal", "error", "warning", "warn", "info", "debug", "trace")
LOG_FORMATS = ("runner", "text", "json")
PULL_POLICIES = ("always", "if-not-present", "never")
SHELLS = ("bash", "sh", "pwsh", "powershell")
SCOPES = ("container", "session")
MINUTES = "keep_failed_pods"
ARTIFACT_DURATIONS = ("upload_timeout", "response_header_timeout")


def faults_of_file(config: Config) -> Iterator[tuple[str, ...]]:
    yield from closed_sets(
        ("log_level", config.log_level, LOG_LEVELS),
        ("log_format", config.log_format, LOG_FORMATS),
    )
    yield from at_least(("concurrent", config.concurrent, 1))
    yield from at_least(("check_interval", config.check_interval, 0))
    yield from durations.faults(("connection_max_age", config.connection_max_age))
    yield from dsn.faults("sentry_dsn", config.sentry_dsn)
    yield from labels.faults(config.labels)


def faults_of_runner(runner: RunnerConfig) -> Iterator[tuple[str, ...]]:
    cache, kubernetes = runner.cache, runner.kubernetes
    yield from closed_sets(
        ("shell", runner.shell, SHELLS),
        ("podlane.scope", runner.podlane.scope, SCOPES),
        ("cache.Type", cache.type, TYPES),
        ("cache.s3.AuthenticationType", cache.s3.authentication_type.lower(), AUTHENTICATIONS),
        ("cache.s3.ServerSideEncryption", cache.s3.server_side_encryption.lower(), ENCRYPTIONS),
        *(("kubernetes.pull_policy", policy, PULL_POLICIES) for policy in kubernetes.pull_policy),
    )
    yield from at_least(
        ("limit", runner.limit, 0),
        ("output_limit", runner.output_limit, 0),
        ("request_concurrency", runner.request_concurrency, 0),
        ("kubernetes.poll_timeout", kubernetes.poll_timeout, 0),
        ("podlane.pending_limit", runner.podlane.pending_limit, 0),
        ("cache.MaxUploadedArchiveSize", cache.max_uploaded_archive_size, 0),
        ("cache.s3.AssumeRoleMaxConcurrency", cache.s3.assume_role_max_concurrency, -1),
    )
    yield from durations.faults(
        ("unhealthy_interval", runner.unhealthy_interval),
        ("get_sources_timeout", runner.get_sources_timeout),
        ("prepare_timeout", runner.prepare_timeout),
        ("podlane.keep_failed_pods", runner.podlane.keep_failed_pods),
        *((f"artifact.{key}", getattr(runner.artifact, key)) for key in ARTIFACT_DURATIONS),
    )
    yield from labels.faults(runner.labels)
    yield from addresses.faults(
        ("url", runner.url),
        ("clone_url", runner.clone_url),
        ("podlane.pods_url", runner.podlane.pods_url),
    )


def closed_sets(*rows: tuple[str, str, Iterable[str]]) -> Iterator[tuple[str, ...]]:
    """Key, its word and the words it may be; an empty one is the default."""
    for key, word, allowed in rows:
        if word and word not in allowed:
            plain = word.strip().lower().replace("_", "-").replace("ifnotpresent", "if-not-present")
            hint = (f"write `{plain}`",) if plain in allowed else ()
            yield key, f"must be one of: {', '.join(allowed)}", *hint


def at_least(*rows: tuple[str, int, int]) -> Iterator[tuple[str, str]]:
    """Key, its number and the least that it may be."""
    for key, number, least in rows:
        if number < least:
            yield key, f"must be {least} or more, and is {number}"


def in_one_form(values: dict[str, Any]) -> dict[str, Any]:
    """gitlab-runner takes a bare number as nanoseconds, Go's own unit, and one word as a list."""
    whole: dict[str, Any] = durations.in_words(values)
    podlane = values.get("podlane")
    if isinstance(podlane, dict) and type(podlane.get(MINUTES)) is int:
        whole["podlane"] = podlane | {MINUTES: f"{podlane[MINUTES]}m"}
    kubernetes = values.get("kubernetes")
    if isinstance(kubernetes, dict) and isinstance(kubernetes.get("pull_policy"), str):
        policy = kubernetes["pull_policy"]
        whole = whole | {"kubernetes": kubernetes | {"pull_policy": [policy] if policy else []}}
    return whole
