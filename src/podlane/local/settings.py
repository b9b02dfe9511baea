"""The config.toml of a local run: one runner, the embedded GitLab, and the embedded cluster or the
user's own."""

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


class RemoteEnds(msgspec.Struct, frozen=True):
    """The same on the user's cluster. `pods_url`: GitLab's address as pods reach it."""

    gitlab_url: str
    pods_url: str
    runner_token: str
    context: str
    namespace: str
    image: str
    own_image: str


def text(value: object) -> str:
    """Write a text as JSON, whose strings are TOML's basic strings."""
    return json.dumps(str(value), ensure_ascii=False)


def render_remote_config(ends: RemoteEnds, concurrent: int) -> str:
    return f"""\
{_head(ends, concurrent)}

[runners.kubernetes]
context = {text(ends.context)}
namespace = {text(ends.namespace)}
image = {text(ends.image)}
helper_image = {text(ends.own_image)}

[runners.podlane]
pods_url = {text(ends.pods_url)}
pending_limit = 0
"""


def render_config(ends: Ends, concurrent: int) -> str:
    return f"""\
{_head(ends, concurrent)}

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


def _head(ends: Ends | RemoteEnds, concurrent: int) -> str:
    folders = (
        f"builds_dir = {text(ends.root / 'builds' / '$CI_JOB_ID')}\n"
        f"cache_dir = {text(ends.cache)}\n"
        if isinstance(ends, Ends)
        else ""
    )
    return f"""\
concurrent = {concurrent}
check_interval = 1

[[runners]]
name = "local"
url = {text(ends.gitlab_url)}
token = {text(ends.runner_token)}
executor = "kubernetes"
output_limit = 1048576
{folders}
[runners.feature_flags]
FF_TIMESTAMPS = false"""
