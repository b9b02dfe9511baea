"""What podlane says of itself to GitLab. GitLab fails a job that needs a feature we do not name, so
exactly what is built is named."""

from __future__ import annotations

import platform
import sys
from typing import Any

_BUILT = (
    "variables",
    "image",
    "services",
    "artifacts",
    "cache",
    "fallback_cache_keys",
    "upload_multiple_artifacts",
    "upload_raw_artifacts",
    "refspecs",
    "masking",
    "raw_variables",
    "artifacts_exclude",
    "multi_build_steps",
    "trace_reset",
    "trace_checksum",
    "trace_size",
    "cancelable",
    "cancel_gracefully",
    "return_exit_code",
    "service_variables",
    "service_multiple_aliases",
    "image_executor_opts",
    "service_executor_opts",
    "job_inputs",
    "two_phase_job_commit",
    "vault_secrets",
)
_NOT_BUILT = (
    "shared",
    "session",
    "terminal",
    "proxy",
    "native_steps_integration",
)
_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}
_PLATFORMS = {"win32": "windows"}


def build_info(version: str, labels: dict[str, str], shell: str = "bash") -> dict[str, Any]:
    """The `info` object of the runner API."""
    info: dict[str, Any] = {
        "name": "podlane",
        "version": version,
        "platform": _PLATFORMS.get(sys.platform, sys.platform),
        "architecture": _MACHINES.get(platform.machine(), platform.machine()),
        "executor": "kubernetes",
        "shell": shell,
        "features": dict.fromkeys(_BUILT, True) | dict.fromkeys(_NOT_BUILT, False),
        "config": {"gpus": ""},
    }
    return info | ({"labels": labels} if labels else {})
