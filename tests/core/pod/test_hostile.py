"""Whatever a job holds: a plan and objects that Kubernetes takes, or a refusal, never a crash."""

from __future__ import annotations

import json
import re
from typing import Any

import kubernetes_validate
from hypothesis import given, settings
from hypothesis import strategies as st

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.model import RunnerConfig
from podlane.core.config.volumes import ClaimVolume, Volumes
from podlane.core.job.payload import parse_job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.plan.model import JobPlan
from podlane.core.pod.manifests import build_manifests
from podlane.core.text import token
from podlane.core.text.token import Token
from podlane.errors import JobRefused

LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
DNS = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
HOST = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

nasty = st.text(
    alphabet=st.one_of(
        st.sampled_from("$({})'\"`\\\n\0/.: \t%-_"), st.characters(exclude_categories=["Cs"])
    ),
    max_size=30,
)
CONTEXT = RunnerContext(
    RunnerConfig(
        url="https://gitlab.test",
        token=Token("glrt-abcdefghi"),
        kubernetes=KubernetesConfig(
            image="default",
            pod_labels={"branch": "$REF"},
            pod_annotations={"branch": "$REF"},
            volumes=Volumes(pvc=(ClaimVolume("claim-$SLOT", "/cache"),)),
        ),
    ),
    "installation",
    "s_1",
    "0",
    {},
)


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, Any]:
    names = st.sampled_from(["REF", "SLOT", "A", "GIT_STRATEGY", "GIT_CLONE_PATH", "FF_TIMESTAMPS"])
    return {
        "id": draw(st.integers(1, 10**9)),
        "token": draw(nasty) or "t",
        "job_info": {
            "name": draw(nasty),
            "project_name": draw(nasty),
            "project_full_path": draw(nasty),
        },
        "git_info": {"ref": draw(nasty), "sha": "abc", "repo_url": draw(nasty)},
        "runner_info": {"timeout": draw(st.integers(-1, 2**40))},
        "variables": [
            {
                "key": draw(st.one_of(names, nasty)),
                "value": draw(nasty),
                "masked": draw(st.booleans()),
                "public": draw(st.booleans()),
                "file": draw(st.booleans()),
            }
            for _ in range(draw(st.integers(0, 4)))
        ],
        "image": {"name": draw(nasty), "executor_opts": {"kubernetes": {"user": draw(nasty)}}},
        "services": [
            {
                "name": draw(nasty),
                "alias": draw(st.one_of(st.sampled_from(["", "db", "build,x"]), nasty)),
                "command": [draw(nasty)],
            }
            for _ in range(draw(st.integers(0, 2)))
        ],
        "steps": [{"name": draw(nasty), "script": [draw(nasty)]}],
        "cache": [{"key": draw(nasty), "paths": [draw(nasty)]}],
        "artifacts": [{"name": draw(nasty), "paths": [draw(nasty)]}],
    }


@settings(max_examples=60, deadline=None)
@given(jobs())
def test_any_job(raw: dict[str, Any]) -> None:
    job = parse_job(json.dumps(raw).encode())
    try:
        plan = make_plan(job, CONTEXT)
        manifests = build_manifests(plan, job, CONTEXT)
    except JobRefused:
        return
    assert token.decode(token.encode_revealed(plan), JobPlan) == plan
    assert plan.places.project.startswith(f"{plan.places.builds}/")
    kubernetes_validate.validate(manifests.pod, "1.31", strict=True)
    for manifest in (manifests.pod, manifests.record, *manifests.extra):
        assert DNS.fullmatch(manifest["metadata"]["name"])
        for value in manifest["metadata"]["labels"].values():
            assert LABEL.fullmatch(value)
    spec = manifests.pod["spec"]
    assert spec["containers"][0]["name"] == "helper"
    assert 0 < spec["activeDeadlineSeconds"] < 2**31
    assert all(DNS.fullmatch(one["name"]) for one in (*spec["containers"], *spec["volumes"]))
    hosts = [host for alias in spec.get("hostAliases", []) for host in alias["hostnames"]]
    assert all(HOST.fullmatch(host) for host in hosts)
