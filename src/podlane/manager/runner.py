"""One `[[runners]]` entry at work: its settings, its way to GitLab and its place in a cluster."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from podlane.clients.gitlab.job_api import JobApi
from podlane.clients.gitlab.runner_api import RunnerApi
from podlane.clients.http.own_certificates import own_certificates
from podlane.clients.kube.api import KubeApi
from podlane.core.config.model import RunnerConfig
from podlane.core.config.reach import Reach
from podlane.core.plan.context import RunnerContext
from podlane.core.pod.security import is_root_unasked
from podlane.core.pod.state import RecordState
from podlane.core.pod.tries import Tries
from podlane.core.pod.verdict import Patience
from podlane.core.text.duration import parse_duration
from podlane.core.text.token import Token
from podlane.errors import ConfigError
from podlane.manager.pods import Wishes
from podlane.manager.site import Site
from podlane.manager.stores.shared import SharedCache
from podlane.manager.views import Views

_IMAGES_SECONDS = 5.0
_TRY_SECONDS = 5.0
_REMOVE_GRACE = 1  # seconds: a finished pod has nothing left to say
_TRIES = 5  # where the config has a negative number


@dataclass(frozen=True)
class Runner:
    """`context` holds the settings and all that a plan needs of them; `key` names the entry.

    `site` is its own namespace, `reach` where else its jobs can come to, `views` what is watched
    there. `open_api`: the way in to the cluster by another token. `docker_config`: the manager's
    own registry credentials, a file that may change or not be there.
    """

    key: str
    context: RunnerContext
    gitlab: RunnerApi
    jobs: JobApi
    site: Site
    reach: Reach
    views: Views
    open_api: Callable[[Token], KubeApi]
    cache: SharedCache | None = None
    docker_config: Path | None = None

    def site_of(self, record: RecordState) -> Site:
        """Where a job's objects are."""
        return self.site.at(record.namespace)

    @asynccontextmanager
    async def maker(self, namespace: str, token: Token) -> AsyncIterator[Site]:
        """The site where objects are made by `token`; by our own account if it is empty."""
        site = self.site.at(namespace)
        if not token:
            yield site
            return
        api = self.open_api(token)
        try:
            yield replace(site, creator=api)
        finally:
            await api.close()

    def patience(self) -> Patience:
        return patience(self.context.runner)

    @property
    def wishes(self) -> Wishes:
        return wishes(self.context.runner)

    def context_now(self) -> RunnerContext:
        """The context at this moment: the time, the certificates that GitLab is trusted by, and
        the manager's own registry credentials."""
        certificate, key = self.gitlab.client_certificate()
        trusted, own = self.gitlab.ca_certificates(), _own_certificates()
        return msgspec.structs.replace(
            self.context,
            ca_certificates=f"{trusted.rstrip()}\n{own}".lstrip() if own else trusted,
            has_own_certificates=bool(own),
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
    return Patience(
        start=kubernetes.poll_timeout,
        images=images,
        is_told=kubernetes.print_pod_warning_events,
        prepare=max(0.0, parse_duration(runner.prepare_timeout or "0")),
    )


def wishes(runner: RunnerConfig) -> Wishes:
    kubernetes = runner.kubernetes
    tries = kubernetes.resource_availability_check_max_attempts
    grace, most = kubernetes.cleanup_grace_period_seconds, kubernetes.retry_backoff_max
    return Wishes(
        awaits=_TRY_SECONDS * (_TRIES if tries < 0 else tries),
        has_budget=kubernetes.pod_disruption_budget,
        is_root_unasked=is_root_unasked(kubernetes),
        grace=_REMOVE_GRACE if grace is None else max(grace, 0),
        tries=Tries(
            limits=kubernetes.retry_limits,
            seconds=kubernetes.poll_timeout,
            most_pause=max(most, 500) / 1000 if most else None,
        ),
    )


def _own_certificates() -> str:
    """Nothing while they cannot be read: whoever speaks TLS says so."""
    try:
        return own_certificates()
    except ConfigError:
        return ""


def _read(file: Path | None) -> str:
    """As it is now; nothing where it is not there, or not for us."""
    try:
        return file.read_text(encoding="utf-8", errors="replace") if file is not None else ""
    except OSError:
        return ""
