"""A job that has a little of everything, to see what a config makes of it."""

from __future__ import annotations

import json
from typing import Any

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.job.payload import Job, parse_job
from podlane.core.text.glob import is_pattern

_VARIABLES = {
    "CI_JOB_ID": "1",
    "CI_JOB_NAME": "sample",
    "CI_PROJECT_ID": "1",
    "CI_PROJECT_NAME": "sample",
    "CI_PROJECT_PATH": "group/sample",
    "CI_PROJECT_NAMESPACE": "group",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_REF_SLUG": "main",
}
_SAMPLE: dict[str, Any] = {
    "id": 1,
    "token": "sample-job-token",
    "job_info": {
        "id": 1,
        "name": "sample",
        "project_id": 1,
        "project_name": "sample",
        "project_full_path": "group/sample",
    },
    "git_info": {
        "repo_url": "https://gitlab-ci-token:sample-job-token@gitlab.example.com/group/sample.git",
        "ref": "main",
        "sha": "4f1c2d3e4f5061728394a5b6c7d8e9f001122334",
        "refspecs": ["+refs/heads/main:refs/remotes/origin/main"],
    },
    "runner_info": {"timeout": 3600},
    "image": {"name": "debian:12"},
    "services": [{"name": "postgres:16", "alias": "db", "ports": []}],
    "steps": [{"name": "script", "script": ["make test"], "timeout": 3600, "when": "on_success"}],
    "cache": [{"key": "sample", "paths": ["vendor/"]}],
    "artifacts": [{"name": "sample", "paths": ["report.xml"], "when": "always"}],
    "variables": [
        {"key": key, "value": value, "public": True} for key, value in _VARIABLES.items()
    ],
}


def sample_job() -> Job:
    return parse_job(json.dumps(_SAMPLE).encode())


def plain_job(kubernetes: KubernetesConfig) -> Job:
    """A clone and a script, in an image that the runner allows: what nearly every job has."""
    named = [one for one in kubernetes.allowed_images if not is_pattern(one) and "$" not in one]
    image = "" if kubernetes.image else next(iter(named), "busybox")
    more = {"image": {"name": image}, "services": [], "cache": [], "artifacts": []}
    return parse_job(json.dumps(_SAMPLE | more).encode())
