"""A job and a runner for tables on plans: only what a row is about is written in it."""

from __future__ import annotations

import json
from typing import Any

from podlane.core.config.parse import parse
from podlane.core.job.payload import Job, parse_job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.plan.model import JobPlan
from podlane.core.pod.manifests import build_manifests


def job(**parts: Any) -> Job:
    whole = {
        "id": 1,
        "token": "job-token-1",
        "job_info": {"project_full_path": "g/p"},
        "git_info": {"repo_url": "https://u:t@gitlab.test/g/p.git", "sha": "abc"},
        "steps": [{"name": "script", "script": ["true"]}],
        "image": {"name": "alpine:3"},
    }
    return parse_job(json.dumps(whole | parts).encode())


def context(kubernetes: str = "", podlane: str = "") -> RunnerContext:
    """TOML of `[runners.kubernetes]` and of `[runners.podlane]`."""
    lines = [
        "[[runners]]",
        'url = "https://gitlab.test"',
        'token = "t"',
        "[runners.kubernetes]",
        'image = "busybox:1"',
        kubernetes,
        "[runners.podlane]",
        podlane,
    ]
    config, _ = parse("\n".join(lines), {})
    return RunnerContext(config.runners[0], "i", "s", "0", {}, helper_image="podlane:0")


def plan(asked: Job, where: RunnerContext | None = None) -> JobPlan:
    return make_plan(asked, where or context())


def pod(asked: Job, where: RunnerContext | None = None) -> dict[str, Any]:
    where = where or context()
    return build_manifests(plan(asked, where), asked, where).pod


def containers(asked: Job, where: RunnerContext | None = None) -> dict[str, dict[str, Any]]:
    """The pod's containers by name."""
    return {one["name"]: one for one in pod(asked, where)["spec"]["containers"]}


def warnings(asked: Job, where: RunnerContext | None = None) -> str:
    return "\n".join(note.text for note in plan(asked, where).notes if note.kind == "warning")
