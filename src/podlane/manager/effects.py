"""What a config has the manager do for one runner, beside the plans and manifests of its jobs.

As one value, made of what the manager itself takes from the config, so that it can be shown
(`podlane config diff`), kept in golden files and compared (each key must change it, or a job's
plan or manifests).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from podlane.clients.gitlab.info import build_info
from podlane.clients.http.tls import TlsFiles, find_tls_files
from podlane.clients.kube.access import Way, way
from podlane.core.config.autoscaler import Wanted
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.polling import Polling, polling
from podlane.core.config.reach import Reach, reach_of
from podlane.core.config.rotation import rotates
from podlane.core.config.times import rotation_time
from podlane.core.config.usage import UsageFiles, usage_files
from podlane.core.plan.context import RunnerContext
from podlane.core.pod import pause
from podlane.core.pod.verdict import Patience
from podlane.core.text.token import Token
from podlane.manager import timetable
from podlane.manager.boot import Pace, pace_of
from podlane.manager.daemon import seconds_to_leave
from podlane.manager.pods import Wishes
from podlane.manager.runner import patience, wishes
from podlane.manager.status import split_address


class GitLab(msgspec.Struct, frozen=True):
    """Who the runner is to GitLab, and what it says of itself with each question."""

    url: str
    token: Token
    info: dict[str, Any]
    tls: TlsFiles
    exchanged_at: str


class Effects(msgspec.Struct, frozen=True):
    """`status`: where metrics and health are served. `cluster`: where jobs' objects are made, in
    the namespaces of `reach`. `pause_pods`: how many there are to be, and `pause_pod` what one is.
    `long_waits`: from how many seconds on a job counts as kept waiting."""

    log: tuple[str, str]
    seconds_to_leave: float
    status: tuple[str, int] | None
    polling: Polling
    patience: Patience
    wishes: Wishes
    gitlab: GitLab
    cluster: Way
    reach: Reach
    boot: Pace
    pause_pods: dict[str, Wanted]
    pause_pod: dict[str, Any]
    long_waits: dict[str, int | None]
    usage_log: UsageFiles | None
    sentry: Token


def effects(config: Config, runner: RunnerConfig, folder: Path) -> Effects:
    """`folder`: where config.toml lies, and `certs/` beside it."""
    return Effects(
        log=(config.log_level or "info", config.log_format or "runner"),
        seconds_to_leave=seconds_to_leave(config),
        status=split_address(config.listen_address) if config.listen_address else None,
        polling=polling(runner, config),
        patience=patience(runner),
        wishes=wishes(runner),
        gitlab=GitLab(
            url=runner.url,
            token=runner.token,
            info=build_info("", runner.labels, runner.shell),
            tls=find_tls_files(folder, runner),
            exchanged_at=_exchanged_at(runner),
        ),
        cluster=way(runner.kubernetes),
        reach=reach_of(runner.kubernetes),
        boot=pace_of(runner.experimental),
        pause_pods=timetable.pause_pods(runner.kubernetes.autoscaler),
        pause_pod=_pause_pod(runner),
        long_waits=timetable.long_waits(runner.monitoring),
        sentry=config.sentry_dsn,
        usage_log=usage_files(config.experimental.usage_logger),
    )


def _exchanged_at(runner: RunnerConfig) -> str:
    """When the token is exchanged for a new one; "" when it is not."""
    due = rotation_time(runner.token_obtained_at, runner.token_expires_at)
    return due.isoformat() if due is not None and rotates(runner) else ""


def _pause_pod(runner: RunnerConfig) -> dict[str, Any]:
    """What one of them is; nothing where there are none."""
    if not runner.kubernetes.autoscaler.policy:
        return {}
    context = RunnerContext(runner, installation="", system_id="", version="", info={})
    found: dict[str, Any] = pause.deployment(context, 0, 0)["spec"]["template"]["spec"]
    return found
