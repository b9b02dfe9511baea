"""The runners in force, their sites and their ways to GitLab, as the config has them now.

A runner that a reload removed is kept while its jobs live, so that they can still be spoken for.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec

from podlane.clients.gitlab.info import build_info
from podlane.clients.gitlab.job_api import JobApi
from podlane.clients.gitlab.runner_api import RunnerApi
from podlane.clients.http.session import HttpSession
from podlane.clients.http.tls import find_tls_files
from podlane.clients.kube.access import load_access, way
from podlane.clients.kube.api import KubeApi
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.plan.context import RunnerContext
from podlane.core.pod import names
from podlane.core.text.duration import parse_duration
from podlane.errors import ConfigError
from podlane.manager.board import Board
from podlane.manager.runner import Runner
from podlane.manager.site import Site
from podlane.manager.stores.shared import SharedCache, open_cache

log = logging.getLogger(__name__)


class Identity(msgspec.Struct, frozen=True):
    """Who this manager is. `helper_image`: the image of the helper where the config names none.
    `docker_config`: its own registry credentials, a file that may not be there.
    """

    version: str
    system_id: str
    installation: str
    host_name: str
    helper_image: str
    docker_config: Path | None = None


class RunnerBook:
    def __init__(
        self, identity: Identity, folder: Path, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._identity = identity
        self._folder = folder
        self._environ = environ
        self._runners: dict[str, Runner] = {}
        self._sites: dict[str, Site] = {}
        self._ready: dict[str, asyncio.Event] = {}
        self._max_age = 0.0
        self._closers: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def update(self, config: Config, open_site: Callable[[Site], None]) -> dict[str, Runner]:
        """Return the runners of `config` by key; `open_site` is called for each new site.

        One whose files or cluster cannot be used is as it was before, or left out: the others go
        on. ConfigError if none is left.
        """
        present: dict[str, Runner] = {}
        self._max_age = parse_duration(config.connection_max_age)
        refused: list[ConfigError] = []
        for settings in config.runners:
            key = names.runner_key(settings.url, settings.token)
            old = self._runners.get(key)
            try:
                if old is None or old.context.runner != settings:
                    self._runners[key] = self._runner(key, settings, open_site)
            except ConfigError as error:
                refused.append(error)
                _say_refused(settings, error, is_kept=old is not None)
                if old is None:
                    continue
            present[key] = self._runners[key]
        if refused and not present:
            raise refused[0]
        return present

    def find(self, key: str, site: str) -> Runner | None:
        """The runner of a job, or another one at the job's site that can speak for it."""
        if key in self._runners:
            return self._runners[key]
        return next((r for r in self._runners.values() if r.site.name == site), None)

    async def ready(self, site: Site) -> None:
        """Wait until records and pods of the site have been listed once."""
        await self._ready[site.name + "/records"].wait()
        await self._ready[site.name + "/pods"].wait()

    def is_listed(self, site: str) -> bool:
        """Whether records and pods of a site are known: before, a missing pod says nothing."""
        return self._ready[site + "/records"].is_set() and self._ready[site + "/pods"].is_set()

    def is_ready(self) -> bool:
        return all(event.is_set() for event in self._ready.values())

    def feeds(self, site: Site, board: Board) -> tuple[Coroutine[Any, Any, None], ...]:
        """What keeps the board true for a site; a full list has its jobs looked at anew."""
        records = self._ready.setdefault(site.name + "/records", asyncio.Event())
        found = self._ready.setdefault(site.name + "/pods", asyncio.Event())

        def listed(event: asyncio.Event) -> None:
            event.set()
            board.stir_site(site.name)

        return (
            site.follow_records(board, lambda: listed(records)),
            site.follow_pods(board, lambda: listed(found)),
        )

    async def close(self) -> None:
        for closer in self._closers:
            await closer()

    def _runner(
        self, key: str, settings: RunnerConfig, open_site: Callable[[Site], None]
    ) -> Runner:
        tls = find_tls_files(self._folder, settings)
        agent = f"podlane {self._identity.version}"
        session = HttpSession(tls, user_agent=agent, max_age=self._max_age)
        self._closers.append(session.close)
        context = RunnerContext(
            runner=settings,
            installation=self._identity.installation,
            system_id=self._identity.system_id,
            version=self._identity.version,
            info=build_info(self._identity.version, settings.labels, settings.shell),
            manager_name=self._identity.host_name,
            helper_image=self._identity.helper_image,
        )
        site = self._site(settings, open_site)
        gitlab, jobs = RunnerApi(session, settings.url), JobApi(session)
        file = self._identity.docker_config
        return Runner(key, context, gitlab, jobs, site, self._cache(settings), file)

    def _cache(self, settings: RunnerConfig) -> SharedCache | None:
        agent = f"podlane/{self._identity.version}"
        session = HttpSession(user_agent=agent, service="store")
        self._closers.append(session.close)
        return open_cache(settings, session, self._environ)

    def _site(self, settings: RunnerConfig, open_site: Callable[[Site], None]) -> Site:
        kubernetes = settings.kubernetes
        to = way(kubernetes)
        name = f"{hash(to)}/{to.namespace}"
        if name not in self._sites:
            access = load_access(kubernetes, self._environ)
            api = KubeApi(access, user_agent=f"podlane/{self._identity.version}")
            self._closers.append(api.close)
            selector = names.selector(self._identity.installation)
            self._sites[name] = Site(name, api, to.namespace, selector)
            open_site(self._sites[name])
        return self._sites[name]


def _say_refused(settings: RunnerConfig, error: ConfigError, *, is_kept: bool) -> None:
    fields = {"runner": settings.name, "error": error.message}
    log.error(
        "A runner cannot be set up and keeps its old settings"
        if is_kept
        else "A runner cannot be set up and is left out",
        extra={"fields": fields | ({"hint": error.hint} if error.hint else {})},
    )
