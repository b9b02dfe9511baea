"""Every key of the model matters: another value changes the plan or the objects of a job.

A key that changes nothing must be listed here, with who uses it instead.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from podlane.core.config.affinity import Affinity, Expression, NodeAffinity, NodeSelector, NodeTerm
from podlane.core.config.cache import CacheConfig
from podlane.core.config.container import (
    ContainerLifecycle,
    ExecAction,
    LifecycleHandler,
    PodSpecPatch,
)
from podlane.core.config.kubernetes import KubernetesConfig, ServiceConfig
from podlane.core.config.model import ArtifactConfig, RunnerConfig
from podlane.core.config.network import DnsConfig, HostAlias
from podlane.core.config.podlane import PodlaneConfig
from podlane.core.config.security import (
    Capabilities,
    ContainerSecurityContext,
    Profile,
    SecurityContext,
)
from podlane.core.config.volumes import ClaimVolume, Volumes
from podlane.core.job.payload import Job, parse_job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.pod.manifests import Manifests, build_manifests
from podlane.core.text import token
from podlane.core.text.token import Token
from podlane.errors import JobRefused

CONNECTION = {"host", "context", "cert_file", "key_file", "ca_file", "bearer_token"}  # clients.kube
POLLING = {  # the manager's
    "id",
    "executor",
    "token_obtained_at",
    "token_expires_at",
    "tls_ca_file",
    "tls_cert_file",
    "tls_key_file",
    "limit",
    "request_concurrency",
    "strict_check_interval",
    "unhealthy_requests_limit",
    "unhealthy_interval",
    "job_status_final_update_retry_limit",
    "labels",
    "experimental",  # tests/manager/test_boot.py
    "monitoring",  # tests/core/config/test_globals.py
}
REFUSALS = {"custom_build_dir"}  # tests/golden/clone-path-not-allowed
ELSEWHERE = POLLING | REFUSALS | {"kubernetes", "podlane"}
PODLANE = {"pending_limit"}  # the manager's
OF_THE_MANAGER = {
    "resource_availability_check_max_attempts",
    "print_pod_warning_events",
    "cleanup_grace_period_seconds",
    "retry_limits",
    "retry_backoff_max",
    "autoscaler",  # tests/golden/pause-pods
}
OF_A_JOBS_OWN_IMAGE = {"allowed_images"}  # tests/core/plan/test_image.py
SAMPLES: dict[str, Any] = {
    "pull_policy": ("always",),
    "allowed_pull_policies": ("always",),
    "allowed_services": ("other",),
    "allowed_users": ("8",),
    "allowed_groups": ("8",),
    "services": (ServiceConfig("s"),),
    "image_pull_secrets": ("one",),
    "use_service_account_image_pull_secrets": True,
    "cap_add": ("KILL",),
    "cap_drop": ("KILL",),
    "node_selector": {"a": "b"},
    "node_tolerations": {"a": "b"},
    "pod_labels": {"a": "b"},
    "pod_annotations": {"a": "b"},
    "pod_security_context": SecurityContext(run_as_user=1),
    "build_container_security_context": ContainerSecurityContext(run_as_user=1),
    "helper_container_security_context": ContainerSecurityContext(run_as_user=1),
    "service_container_security_context": ContainerSecurityContext(run_as_user=1),
    "container_lifecycle": ContainerLifecycle(LifecycleHandler(ExecAction(("ls",)))),
    "affinity": Affinity(NodeAffinity(NodeSelector((NodeTerm((Expression("a", "Exists"),)),)))),
    "dns_config": DnsConfig(("1.1.1.1",)),
    "host_aliases": (HostAlias("1.1.1.1", ("a",)),),
    "pod_spec": (PodSpecPatch(patch="hostname: h"),),
    "volumes": Volumes(pvc=(ClaimVolume("a", "/a"),)),
    "environment": ("A=b",),
    "feature_flags": {"FF_TIMESTAMPS": False},
    "cache": CacheConfig("s3", max_uploaded_archive_size=7),
    "artifact": ArtifactConfig("2h"),
    "upload_timeout": "2h",
    "response_header_timeout": "1h",
    "builds_dir": "/other",
    "cache_dir": "/other",
    "pod_dir": "/other",
    "clone_url": "http://other.test",
    "shell": "sh",
    "scope": "session",
    "get_sources_timeout": "2s",
    "prepare_timeout": "2s",
    "keep_failed_pods": "2s",
}


def _job() -> Job:
    overwrites = [
        {"key": f"KUBERNETES_{scope}{resource}_{kind}", "value": "1", "public": True}
        for scope in ("", "HELPER_", "SERVICE_", "POD_")
        for resource in ("CPU", "MEMORY", "EPHEMERAL_STORAGE")
        for kind in ("REQUEST", "LIMIT")
    ]
    return parse_job(
        json.dumps(
            {
                "id": 1,
                "token": "job-token-1",
                "job_info": {"project_full_path": "g/p"},
                "git_info": {"repo_url": "https://u:t@gitlab.test/g/p.git", "sha": "abc"},
                "steps": [{"name": "script", "script": ["true"]}],
                "image": {"executor_opts": {"kubernetes": {"user": "5:6"}}},
                "services": [{"name": "s", "ports": [{"number": 80}]}],
                "cache": [{"key": "k", "paths": ["c"]}],
                "variables": [
                    *overwrites,
                    {"key": "KUBERNETES_SERVICE_ACCOUNT_OVERWRITE", "value": "2"},
                    {"key": "KUBERNETES_NAMESPACE_OVERWRITE", "value": "2"},
                    {"key": "KUBERNETES_BEARER_TOKEN", "value": "bearer-token"},
                    {"key": "KUBERNETES_NODE_SELECTOR_1", "value": "2=2"},
                    {"key": "KUBERNETES_NODE_TOLERATIONS_1", "value": "2"},
                    {"key": "KUBERNETES_POD_LABELS_1", "value": "2=2"},
                    {"key": "KUBERNETES_POD_ANNOTATIONS_1", "value": "2=2"},
                    {"key": "CI_DEBUG_TRACE", "value": "true"},
                    {"key": "CI_DEBUG_SERVICES", "value": "true"},
                ],
            }
        ).encode()
    )


def _made(runner: RunnerConfig) -> tuple[bytes, Manifests] | str:
    context = RunnerContext(runner, "i", "s", "0", {}, helper_image="h")
    try:
        plan = make_plan(_job(), context)
    except JobRefused as refusal:
        return refusal.reference
    return token.encode_revealed(plan), build_manifests(plan, _job(), context)


KUBERNETES = KubernetesConfig(image="i", pod_termination_grace_period_seconds=1)
RUNNER = RunnerConfig(
    url="https://gitlab.test",
    token=Token("t"),
    kubernetes=KUBERNETES,
    feature_flags={"FF_USE_ADVANCED_POD_SPEC_CONFIGURATION": True},
)


def _sample(field: msgspec.structs.FieldInfo, value: Any) -> Any:
    if field.name in SAMPLES:
        return SAMPLES[field.name]
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    return Token("other") if isinstance(value, Token) else "2"


def _names(kind: type, without: set[str]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind) if field.name not in without]


def _other(owner: Any, name: str) -> Any:
    field = next(field for field in msgspec.structs.fields(type(owner)) if field.name == name)
    return msgspec.structs.replace(owner, **{name: _sample(field, getattr(owner, name))})


@pytest.mark.parametrize(
    "name", _names(KubernetesConfig, CONNECTION | OF_A_JOBS_OWN_IMAGE | OF_THE_MANAGER)
)
def test_kubernetes_key_matters(name: str) -> None:
    runner = msgspec.structs.replace(RUNNER, kubernetes=_other(KUBERNETES, name))
    assert _made(runner) != _made(RUNNER)


@pytest.mark.parametrize("name", _names(RunnerConfig, ELSEWHERE))
def test_runner_key_matters(name: str) -> None:
    assert _made(_other(RUNNER, name)) != _made(RUNNER)


@pytest.mark.parametrize("name", _names(PodlaneConfig, PODLANE))
def test_podlane_key_matters(name: str) -> None:
    runner = msgspec.structs.replace(RUNNER, podlane=_other(PodlaneConfig(), name))
    assert _made(runner) != _made(RUNNER)


@pytest.mark.parametrize("name", _names(ArtifactConfig, set()))
def test_artifact_key_matters(name: str) -> None:
    runner = msgspec.structs.replace(RUNNER, artifact=_other(ArtifactConfig(), name))
    assert _made(runner) != _made(RUNNER)


OF_SECURITY: dict[str, Any] = {
    "supplemental_groups": (1,),
    "proc_mount": "unmasked",
    "selinux_type": "a_t",
    "capabilities": Capabilities(add=("KILL",)),
    "seccomp_profile": Profile("RuntimeDefault"),
    "app_armor_profile": Profile("RuntimeDefault"),
} | dict.fromkeys(("run_as_user", "run_as_group", "fs_group"), 1)


@pytest.mark.parametrize("name", _names(SecurityContext, set()))
def test_pod_security_key_matters(name: str) -> None:
    key: dict[str, Any] = {name: OF_SECURITY.get(name, True)}
    asked = SecurityContext(**key)
    kubernetes = msgspec.structs.replace(KUBERNETES, pod_security_context=asked)
    assert _made(msgspec.structs.replace(RUNNER, kubernetes=kubernetes)) != _made(RUNNER)


def _with_context(table: str, asked: ContainerSecurityContext) -> RunnerConfig:
    context = {f"{table}_container_security_context": asked}
    kubernetes = msgspec.structs.replace(KUBERNETES, **context)
    return msgspec.structs.replace(RUNNER, kubernetes=kubernetes)


@pytest.mark.parametrize("table", ["build", "helper", "service"])
@pytest.mark.parametrize("name", _names(ContainerSecurityContext, set()))
def test_container_security_key_matters(table: str, name: str) -> None:
    key: dict[str, Any] = {name: OF_SECURITY.get(name, True)}
    asked = ContainerSecurityContext(**key)
    assert _made(_with_context(table, asked)) != _made(RUNNER)


@pytest.mark.parametrize("name", _names(Capabilities, set()))
def test_capability_list_matters(name: str) -> None:
    asked = ContainerSecurityContext(capabilities=Capabilities(**{name: ("KILL",)}))
    assert _made(_with_context("build", asked)) != _made(RUNNER)


@pytest.mark.parametrize("table", ["seccomp_profile", "app_armor_profile"])
def test_profile_of_a_node_matters(table: str) -> None:
    made = []
    for name in ("a", "b"):
        profile: dict[str, Any] = {table: Profile("Localhost", name)}
        made.append(_made(_with_context("build", ContainerSecurityContext(**profile))))
    assert made[0] != made[1]
