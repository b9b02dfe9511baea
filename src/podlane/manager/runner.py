"""One `[[runners]]` entry at work: its settings, its way to GitLab and its place in a cluster."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from podlane.clients.gitlab.job_api import JobApi
from podlane.clients.gitlab.runner_api import RunnerApi
from podlane.core.config.model import RunnerConfig
from podlane.core.plan.context import RunnerContext
from podlane.core.pod.verdict import Patience
from podlane.core.text.token import Token
from podlane.manager.pods import Wishes
from podlane.manager.site import Site
from podlane.manager.stores.shared import SharedCache

_IMAGES_SECONDS = 5.0
_TRY_SECONDS = 5.0
_TRIES = 5  # where the config has a negative number


@dataclass(frozen=True)
class Runner:
    """`context` holds the settings and all that a plan needs of them; `key` names the entry.
    `docker_config`: the manager's own registry credentials, a file that may change or not be there.
    """

    key: str
    context: RunnerContext
    gitlab: RunnerApi
    jobs: JobApi
    site: Site
    cache: SharedCache | None = None
    docker_config: Path | None = None

    def patience(self) -> Patience:
        return patience(self.context.runner)

    @property
    def wishes(self) -> Wishes:
        return wishes(self.context.runner)

    def context_now(self) -> RunnerContext:
        """The context at this moment: the time, the certificates that GitLab is trusted by, and
        the manager's own registry credentials."""
        certificate, key = self.gitlab.client_certificate()
        return msgspec.structs.replace(
            self.context,
            ca_certificates=self.gitlab.ca_certificates(),
            client_certificate=certificate,
            client_key=Token(key),
            docker_config=Token(_read(self.docker_config)),
            now=time.time(),
        )

    @property
    def log_name(self) -> str:
        return self.context.runner.name or self.key


def patience(runner: RunnerConfig) -> Patience:
    images = _IMAGES_SECONDS if runner.podlane.resource_report else 0
    kubernetes = runner.kubernetes
    is_told = kubernetes.print_pod_warning_events
    return Patience(start=kubernetes.poll_timeout, images=images, is_told=is_told)


def wishes(runner: RunnerConfig) -> Wishes:
    tries = runner.kubernetes.resource_availability_check_max_attempts
    return Wishes(
        awaits=_TRY_SECONDS * (_TRIES if tries < 0 else tries),
        has_budget=runner.kubernetes.pod_disruption_budget,
    )


def _read(file: Path | None) -> str:
    """As it is now; nothing where it is not there, or not for us."""
    try:
        return file.read_text(encoding="utf-8", errors="replace") if file is not None else ""
    except OSError:
        return ""
