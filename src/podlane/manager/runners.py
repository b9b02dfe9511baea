"""The runners in force, their sites and their ways to GitLab, as the config has them now.

A runner that a reload removed is kept while its jobs live, so that they can still be spoken for.
"""

from __future__ import annotations

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
from podlane.clients.kube.access import Access, load_access, load_access_by, way
from podlane.clients.kube.api import KubeApi
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.reach import reach_of
from podlane.core.config.rotation import predecessor
from podlane.core.plan.context import RunnerContext
from podlane.core.pod import names, seats
from podlane.core.text.duration import parse_duration
from podlane.errors import ConfigError
from podlane.manager.board import Board
from podlane.manager.metrics.tally import Tally
from podlane.manager.runner import Runner
from podlane.manager.seats import Seating
from podlane.manager.site import Site, cluster_of, namespace_of
from podlane.manager.stores.shared import SharedCache, open_cache
from podlane.manager.views import Start, Views

log = logging.getLogger(__name__)


class Identity(msgspec.Struct, frozen=True):
    """Who this manager is. `helper_image`: the image of the helper where the config names none.
    `docker_config`: its own registry credentials, a file that may not be there.
    `certificates_in_jobs`: the containers of jobs are to trust what we trust. `seating`: there are
    several managers, each with a system id made of this one.
    """

    version: str
    system_id: str
    installation: str
    host_name: str
    helper_image: str
    docker_config: Path | None = None
    certificates_in_jobs: bool = False
    seating: Seating | None = None


class RunnerBook:
    """`environ`: where a way to a cluster may be found, and the names of stores."""

    def __init__(
        self,
        identity: Identity,
        folder: Path,
        board: Board,
        tally: Tally,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._board = board
        self._tally = tally
        self._identity = identity
        self._folder = folder
        self._environ = environ
        self._runners: dict[str, Runner] = {}
        self._known_as: dict[str, str] = {}  # the key by another token → the one it has kept
        self._present: frozenset[str] = frozenset()
        self.left_out: tuple[str, ...] = ()  # those of the last update that cannot be set up
        self._clusters: dict[str, tuple[Site, Views]] = {}
        self._max_age = 0.0
        self._base_id = ""
        self._closers: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def sit(self, ordinal: int) -> None:
        """Ask GitLab under the system id of a seat from now on."""
        base = self._identity.system_id
        self._identity = msgspec.structs.replace(
            self._identity, system_id=seats.system_id(base, ordinal)
        )
        self._base_id = base

    def update(self, config: Config, start: Start) -> dict[str, Runner]:
        """Return the runners of `config` by key; `start` begins the tasks that watch for them.

        One whose files or cluster cannot be used is as it was before, or left out: the others go
        on. ConfigError if none is left.
        """
        present: dict[str, Runner] = {}
        max_age = max(0.0, parse_duration(config.connection_max_age or "0"))
        is_other, self._max_age = max_age != self._max_age, max_age
        refused: list[ConfigError] = []
        left_out: list[str] = []
        for key, settings in zip(self._keys(config), config.runners, strict=True):
            old = self._runners.get(key)
            try:
                if old is None or is_other or old.context.runner != settings:
                    self._runners[key] = self._runner(key, settings, start)
            except ConfigError as error:
                refused.append(error)
                _say_refused(settings, error, is_kept=old is not None)
                if old is None:
                    left_out.append(settings.name or key)
                    continue
            present[key] = self._runners[key]
        if refused and not present:
            raise refused[0]
        self.left_out = tuple(left_out)
        self._present = frozenset(present)
        return present

    def follow(self, key: str, settings: RunnerConfig) -> None:
        """`settings` are those of the runner `key` under another token: its jobs stay its own."""
        self._known_as[names.runner_key(settings.url, settings.token)] = key

    def _keys(self, config: Config) -> list[str]:
        """A runner whose token has changed keeps its key, and so the count of its jobs."""
        plain = [names.runner_key(one.url, one.token) for one in config.runners]
        kept = {key: self._known_as.get(key, key) for key in plain}
        kept = {key: key if other in plain else other for key, other in kept.items()}
        there = self._present - set(kept.values())
        gone = {key: self._runners[key].context.runner for key in sorted(there)}
        for key, settings in zip(plain, config.runners, strict=True):
            is_new = kept[key] == key and key not in self._runners
            if is_new and (old := predecessor(settings, gone)):
                del gone[old]
                self._known_as[key] = kept[key] = old
        return [kept[key] for key in plain]

    def find(self, key: str, site: str) -> Runner | None:
        """The runner of a job, or another one at the job's cluster that can speak for it."""
        cluster, own = cluster_of(site), self._runners.get(key)
        if own is not None and own.site.cluster == cluster:
            return own
        return next((r for r in self._runners.values() if r.site.cluster == cluster), None)

    def is_listed(self, site: str) -> bool:
        """Whether records and pods of a site are known: before, a missing pod says nothing."""
        found = self._clusters.get(cluster_of(site))
        return found is not None and found[1].is_listed(namespace_of(site))

    def is_ready(self) -> bool:
        return all(views.is_ready() for _, views in self._clusters.values())

    async def close(self) -> None:
        for closer in self._closers:
            await closer()

    def _runner(self, key: str, settings: RunnerConfig, start: Start) -> Runner:
        tls = find_tls_files(self._folder, settings)
        agent = f"podlane {self._identity.version}"
        session = HttpSession(tls, user_agent=agent, max_age=self._max_age)
        session.seen = self._tally.of_gitlab(key)
        self._closers.append(session.close)
        context = RunnerContext(
            runner=settings,
            installation=self._identity.installation,
            system_id=self._identity.system_id,
            base_id=self._base_id,
            version=self._identity.version,
            info=build_info(self._identity.version, settings.labels, settings.shell),
            manager_name=self._identity.host_name,
            helper_image=self._identity.helper_image,
            certificates_in_jobs=self._identity.certificates_in_jobs,
        )
        kubernetes, reach = settings.kubernetes, reach_of(settings.kubernetes)
        root, views = self._cluster(kubernetes, start)
        runner = Runner(
            key=key,
            context=context,
            gitlab=RunnerApi(session, settings.url),
            jobs=JobApi(session),
            site=root.at(reach.home),
            reach=reach,
            views=views,
            open_api=lambda token: self._api(load_access_by(token, kubernetes, self._environ)),
            cache=self._cache(settings),
            docker_config=self._identity.docker_config,
        )
        views.add(reach)
        return runner

    def _cache(self, settings: RunnerConfig) -> SharedCache | None:
        agent = f"podlane/{self._identity.version}"
        session = HttpSession(user_agent=agent, service="store")
        self._closers.append(session.close)
        return open_cache(settings, session, self._environ)

    def _cluster(self, kubernetes: KubernetesConfig, start: Start) -> tuple[Site, Views]:
        """The cluster as a site of all its namespaces, and what is watched there."""
        name = f"{hash(way(kubernetes))}"
        if name not in self._clusters:
            api = self._api(load_access(kubernetes, self._environ))
            self._closers.append(api.close)
            root = Site(name, api, "", names.selector(self._identity.installation))
            self._clusters[name] = root, Views(root, self._board, start)
        return self._clusters[name]

    def _api(self, access: Access) -> KubeApi:
        api = KubeApi(access, user_agent=f"podlane/{self._identity.version}")
        api.seen_by(self._tally.of_kubernetes)
        return api


def _say_refused(settings: RunnerConfig, error: ConfigError, *, is_kept: bool) -> None:
    who = settings.name or names.runner_key(settings.url, settings.token)
    fields = {"runner": who, "error": error.message}
    log.error(
        "A runner cannot be set up and keeps its old settings"
        if is_kept
        else "A runner cannot be set up and is left out",
        extra={"fields": fields | ({"hint": error.hint} if error.hint else {})},
    )
