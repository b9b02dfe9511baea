"""Exchange runners' tokens in time: at three quarters of their lifetime, as GitLab wants it.

The old token is worth nothing once GitLab has given a new one. So it is made sure first that the
new one can be written down; where that fails all the same, we go on with it and try again.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from podlane import __version__
from podlane.clients.gitlab.runner_api import RunnerIdentity
from podlane.clients.kube.access import load_access
from podlane.clients.kube.api import KubeApi
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.rotation import FLAG, Renewal, rotates
from podlane.core.config.times import read_time, rotation_time, token_times
from podlane.core.text.token import Token
from podlane.errors import PodlaneError, ServiceError
from podlane.manager.environment import ENVIRONMENT
from podlane.manager.runner import Runner
from podlane.manager.seats import Alone, Part
from podlane.manager.token_store import TokenStore, store_of

log = logging.getLogger(__name__)
_LOOK_SECONDS = 60.0


def own_api() -> KubeApi:
    """The cluster that we run in, by our own account."""
    return KubeApi(load_access(KubernetesConfig(), os.environ), user_agent=f"podlane/{__version__}")


class Rotation:
    """`runners`: those in force; `take` is called with one whose token has a renewal now.

    `renewals` holds what came in the place of each old token, for as long as we live: a mounted
    Secret shows the new one a minute later, and a file that could not be written never does.
    """

    def __init__(
        self,
        path: Path,
        runners: Callable[[], list[Runner]],
        take: Callable[[Runner], None],
        environ: Mapping[str, str] = ENVIRONMENT,
        open_api: Callable[[], KubeApi] = own_api,
    ) -> None:
        self.renewals: dict[Token, Renewal] = {}
        self._path = path
        self._runners = runners
        self._take = take
        self._environ = environ
        self._open_api = open_api
        self.part: Part = Alone()
        self._unwritten: list[tuple[Runner, TokenStore, Renewal]] = []
        self._seen: set[Token] = set()  # those whose place has been looked at
        self._said: set[tuple[str, str]] = set()

    async def serve(self, unbroken: asyncio.TaskGroup) -> None:
        """Look each minute. `unbroken`: where what has begun comes to its end when we stop."""
        while True:
            await asyncio.shield(unbroken.create_task(self.look()))
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Write what could not be written before, and exchange each token whose time has come."""
        before, self._unwritten = self._unwritten, []
        for late in before:
            await self._write(*late)
        for runner in self._runners():
            settings = runner.context.runner
            due = rotation_time(settings.token_obtained_at, settings.token_expires_at)
            if due is None:
                continue
            is_due = due <= datetime.now(UTC)
            if is_due and not rotates(settings):
                self._warn(runner, f"{FLAG} is on", "`podlane reset-token` exchanges it")
            elif rotates(settings) and (is_due or settings.token not in self._seen):
                await self._see(runner, is_due=is_due)

    async def _see(self, runner: Runner, *, is_due: bool) -> None:
        settings = runner.context.runner
        try:
            store = store_of(self._path, settings, self._environ, self._open_api)
            if store is None:
                return
            newer = await store.newer()
        except PodlaneError as error:
            self._seen.add(settings.token)
            self._warn(runner, error.message, error.hint)
            return
        self._seen.add(settings.token)
        if newer is not None:
            self._use(runner, newer)
        elif is_due and self.part.settles:  # two that exchange it would cut each other off
            await self._exchange(runner, store)

    async def _exchange(self, runner: Runner, store: TokenStore) -> None:
        try:
            identity = await runner.gitlab.reset_token(runner.context.runner.token)
        except ServiceError as error:
            hint = "another manager may have done so: then its token is taken within a minute"
            self._warn(runner, error.message, hint if error.status == 403 else error.hint)
            return
        if identity.token == runner.context.runner.token:
            self._warn(runner, "GitLab gave no new one", "`podlane reset-token` tries it by hand")
            return
        renewal = _renewal(identity)
        fields = {"runner": runner.log_name, "ends": _day(renewal.expires_at)}
        log.info("The runner's token was exchanged before its end", extra={"fields": fields})
        try:
            self._use(runner, renewal)
        finally:  # whatever goes wrong, nobody else has this token
            await self._write(runner, store, renewal)

    def _use(self, runner: Runner, renewal: Renewal) -> None:
        self.renewals[runner.context.runner.token] = renewal
        self._take(runner)

    async def _write(self, runner: Runner, store: TokenStore, renewal: Renewal) -> None:
        try:
            await store.write(renewal)
        except PodlaneError as error:
            self._unwritten.append((runner, store, renewal))
            if self._is_new(runner, error.message):
                hint = "mend this while the manager runs: it works with the token and tries again"
                hint += " each minute; after a stop, only GitLab's pages give another one"
                fields = {"runner": runner.log_name, "error": error.message, "hint": hint}
                log.error("The runner's new token cannot be written", extra={"fields": fields})

    def _warn(self, runner: Runner, why: str, hint: str) -> None:
        if not self._is_new(runner, why):
            return
        ends = _day(runner.context.runner.token_expires_at)
        fields = {"runner": runner.log_name, "ends": ends, "why": why}
        log.warning(
            "The runner's token ends, and is not exchanged for a new one",
            extra={"fields": fields | ({"hint": hint} if hint else {})},
        )

    def _is_new(self, runner: Runner, why: str) -> bool:
        """Say each thing once, not every minute."""
        said = runner.key, f"{runner.context.runner.token_expires_at} {why}"
        is_new = said not in self._said
        self._said.add(said)
        return is_new


def _renewal(identity: RunnerIdentity) -> Renewal:
    times = token_times(datetime.now(UTC), identity.token_expires_at)
    obtained, expires = (
        times[key].isoformat() for key in ("token_obtained_at", "token_expires_at")
    )
    return Renewal(identity.token, obtained, expires)


def _day(time: str) -> str:
    found = read_time(time)
    return found.date().isoformat() if found else "never"
