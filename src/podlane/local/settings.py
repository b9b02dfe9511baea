"""The config.toml of a local run: one runner, the embedded GitLab, the embedded cluster."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec


class Ends(msgspec.Struct, frozen=True):
    """Where the run's parts are."""

    root: Path
    cache: Path
    gitlab_url: str
    runner_token: str
    cluster_url: str
    cluster_token: str


def render_config(ends: Ends, concurrent: int) -> str:
    """Texts are written as JSON, whose strings are TOML's basic strings."""

    def text(value: object) -> str:
        return json.dumps(str(value), ensure_ascii=False)

    return f"""\
concurrent = {concurrent}
check_interval = 1

[[runners]]
name = "local"
url = {text(ends.gitlab_url)}
token = {text(ends.runner_token)}
executor = "kubernetes"
request_concurrency = 1
builds_dir = {text(ends.root / "builds" / "$CI_JOB_ID")}
cache_dir = {text(ends.cache)}
output_limit = 1048576

[runners.feature_flags]
FF_TIMESTAMPS = false

[runners.kubernetes]
host = {text(ends.cluster_url)}
bearer_token = {text(ends.cluster_token)}
namespace = "default"
image = "local"
helper_image = "podlane"
pod_termination_grace_period_seconds = 5

[[runners.kubernetes.volumes.host_path]]
name = "local-cache"
mount_path = {text(ends.cache)}
host_path = {text(ends.cache)}

[runners.podlane]
pod_dir = {text(ends.root / "pods" / "$CI_JOB_ID")}
scope = "session"
pending_limit = 0
"""
