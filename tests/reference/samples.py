"""For each key a value that must change something, and the config it stands in.

Mostly the example of the catalogue (core/config/explain_*.py) does. `VALUES` has another value
where that one would not show, `AROUND` what must be there so that the key counts, by the beginning
of its name. A new key needs a line here only if it fails without.
"""

from __future__ import annotations

import copy
import json
import tomllib
from typing import Any

from podlane.cli.config.facts import REQUIRED, Fact, facts
from podlane.core.job.payload import Job, parse_job
from reference.consequences import Tables, with_key

BASE: Tables = {
    "runners": [
        {
            "url": "https://gitlab.test",
            "token": "glrt-token",
            "feature_flags": {"FF_USE_ADVANCED_POD_SPEC_CONFIGURATION": True},
            "kubernetes": {"image": "own:1", "pod_termination_grace_period_seconds": 1},
        }
    ]
}
VALUES: dict[str, Any] = {
    "experimental.usage_logger.writers": ["snowplow_billing"],
    "runners.executor": "docker",
    "runners.cache.azure.AccountKey": "YW5vdGhlcg==",
    "runners.kubernetes.automount_service_account_token": True,
}
_PODS = "runners.kubernetes.affinity"
_PREFERRED = "preferred_during_scheduling_ignored_during_execution"
_SHARED = {"runners.cache.Type": "s3", "runners.cache.s3.BucketName": "bucket"}
_MOVED = {"runners.cache.Type": "s3", "runners.cache.BucketName": "bucket"}
_KEYS = {"runners.cache.s3.AccessKey": "AKIA", "runners.cache.s3.SecretKey": "secret"}
AROUND: dict[str, dict[str, Any]] = {
    "experimental.usage_logger": {"experimental.usage_logger.enabled": True},
    "experimental.usage_logger.enabled": {"experimental.usage_logger.enabled": False},
    "runners.token_obtained_at": {"runners.token_expires_at": "2026-12-01T08:00:00Z"},
    "runners.cache.Type": {"runners.cache.s3.BucketName": "bucket"},
    "runners.cache.Path": _SHARED,
    "runners.cache.Shared": _SHARED,
    "runners.cache.MaxUploadedArchiveSize": _SHARED,
    "runners.cache.ServerAddress": _MOVED,
    "runners.cache.AccessKey": _MOVED | {"runners.cache.SecretKey": "secret"},
    "runners.cache.SecretKey": _MOVED | {"runners.cache.AccessKey": "AKIA"},
    "runners.cache.BucketName": {"runners.cache.Type": "s3"},
    "runners.cache.BucketLocation": _MOVED,
    "runners.cache.Insecure": _MOVED,
    "runners.cache.s3": _SHARED,
    "runners.cache.s3.AccessKey": _KEYS,
    "runners.cache.s3.SecretKey": _KEYS,
    "runners.cache.s3.SessionToken": _KEYS,
    "runners.cache.s3.AuthenticationType": _KEYS,
    "runners.cache.s3.ServerSideEncryptionKeyID": {"runners.cache.s3.ServerSideEncryption": "KMS"},
    "runners.cache.gcs": {"runners.cache.Type": "gcs", "runners.cache.gcs.BucketName": "bucket"},
    "runners.cache.azure": {
        "runners.cache.Type": "azure",
        "runners.cache.azure.AccountName": "account",
        "runners.cache.azure.ContainerName": "container",
    },
    f"{_PODS}.pod_affinity.{_PREFERRED}.weight": {
        f"{_PODS}.pod_affinity.{_PREFERRED}.pod_affinity_term.topology_key": "zone"
    },
    f"{_PODS}.pod_anti_affinity.{_PREFERRED}.weight": {
        f"{_PODS}.pod_anti_affinity.{_PREFERRED}.pod_affinity_term.topology_key": "zone"
    },
    "runners.kubernetes.host_aliases.ip": {"runners.kubernetes.host_aliases.hostnames": ["a"]},
    "runners.kubernetes.autoscaler": {"runners.kubernetes.autoscaler.policy": [{"idle_count": 2}]},
    "runners.kubernetes.autoscaler.max_pause_pods": {
        "runners.kubernetes.autoscaler.policy.idle_count": 50
    },
    "runners.kubernetes.autoscaler.policy.scale_factor_limit": {
        "runners.kubernetes.autoscaler.policy.scale_factor": 0.5
    },
    "runners.kubernetes.autoscaler.policy.timezone": {
        "runners.kubernetes.autoscaler.policy.periods": ["* 7-19 * * mon-fri"]
    },
    "runners.monitoring.job_queuing_durations": {
        "runners.monitoring.job_queuing_durations.threshold": "30s"
    },
    "runners.monitoring.job_queuing_durations.timezone": {
        "runners.monitoring.job_queuing_durations.periods": ["* 8-18 * * mon-fri"]
    },
    "runners.kubernetes.pod_spec.name": {"runners.kubernetes.pod_spec.patch": "containers: 1"},
    "runners.kubernetes.pod_spec.patch_type": {
        "runners.kubernetes.pod_spec.patch": "containers: [{name: build, tty: true}]"
    },
}
OF_A_JOB_WITHOUT_IMAGE = ("runners.kubernetes.image",)


TOGETHER = ("match_expressions", "match_fields")  # tables whose keys count with each other only


def honoured() -> list[Fact]:
    """Every key of the model that holds a value, not a table."""
    return [fact for fact in facts().values() if fact.struct and not fact.is_table]


def sample(fact: Fact) -> Any:
    if fact.name in VALUES:
        return VALUES[fact.name]
    if fact.key == "operator":
        return "NotIn"
    if fact.entry.example:
        return tomllib.loads(f"key = {fact.entry.example}")["key"]
    if fact.entry.unit == "Go duration":
        return "90s"
    if fact.default in ("true", "false"):
        return fact.default == "false"
    kinds = {"whole": 7, "list": ["another"], "table": {} if fact.is_table else {"team": "another"}}
    return kinds.get(fact.type.partition(" ")[0], "another")


def other(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case list():
            return [*value, "another"]
        case _:
            return f"{value}0"


def around(fact: Fact) -> Tables:
    """The config without the key, or with another value of one that must be there; its lists of
    tables have an entry already."""
    tables = copy.deepcopy(BASE)
    for name in _tables_above(fact):
        tables = with_key(tables, name, [{}] if facts()[name].is_list else {})
        for one in facts().values():
            if one.table == name and _must_be_there(one, fact):
                tables = with_key(
                    tables, one.name, other(sample(one)) if one == fact else sample(one)
                )
    for start, keys in AROUND.items():
        if f"{fact.name}.".startswith(f"{start}."):
            for name, value in keys.items():
                tables = with_key(tables, name, value)
    return tables


def _must_be_there(one: Fact, fact: Fact) -> bool:
    if one.default == REQUIRED:
        return True
    return one.table.endswith(TOGETHER) and one.table == fact.table and one != fact


def _tables_above(fact: Fact) -> list[str]:
    steps = fact.table.split(".")
    names = [".".join(steps[: end + 1]) for end in range(len(steps))]
    return [name for name in names if name not in ("", "runners", "runners.kubernetes")]


def job(fact: Fact, *more: dict[str, Any]) -> Job:
    """Asks for a little of everything, and overwrites all that can be."""
    image = {} if fact.name in OF_A_JOB_WITHOUT_IMAGE else {"name": "job:1"}
    overwrites = [_overwrite(fact) for fact in facts().values() if fact.gate]
    names = {
        "CI_DEBUG_TRACE": "true",
        "CI_DEBUG_SERVICES": "true",
        "GIT_CLONE_PATH": "$CI_BUILDS_DIR/own",
        "RUNNER_GENERATE_ARTIFACTS_METADATA": "true",
    }
    raw = {
        "id": 1,
        "token": "job-token-1",
        "job_info": {"project_full_path": "g/p", "project_id": 1},
        "git_info": {"repo_url": "https://u:t@gitlab.test/g/p.git", "sha": "abc"},
        "steps": [{"name": "script", "script": ["true"]}],
        "image": {**image, "executor_opts": {"kubernetes": {"user": "5:6"}}},
        "services": [{"name": "s", "ports": [{"number": 80}]}],
        "cache": [{"key": "k", "paths": ["c"]}],
        "artifacts": [{"name": "a", "paths": ["a"], "artifact_type": "archive"}],
        "variables": [
            *({"key": key, "value": value, "public": True} for key, value in names.items()),
            *({"key": key, "value": value, "public": True} for key, value in overwrites),
            *more,
        ],
    }
    return parse_job(json.dumps(raw).encode())


def _overwrite(fact: Fact) -> tuple[str, str]:
    if fact.variable.endswith("*"):
        return f"{fact.variable[:-1]}1", "kubernetes.io/arch=arm64"
    return fact.variable, "1" if fact.entry.unit else "ci-other"
