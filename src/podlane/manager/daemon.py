"""The manager, wired: config → pollers → launch → board → settle. Reads top to bottom like the
path of a job (docs/path-of-a-job.md).

Stop means: ask no more, let launches in flight end, leave. Running jobs do not notice; all that is
known of them stands in the cluster, and the next manager finds it there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from podlane.core.config.check import Checked, Entry
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.polling import Polling, polling
from podlane.core.config.rotation import renewed
from podlane.core.config.usage import usage_files
from podlane.core.pod.names import runner_key
from podlane.errors import ConfigError
from podlane.manager import logs, orphans, reload
from podlane.manager.board import Board, Line
from podlane.manager.boot import Boot
from podlane.manager.hands import Hands
from podlane.manager.keep import Keeper
from podlane.manager.launch import launch
from podlane.manager.left_out import without_faults
from podlane.manager.metrics.collect import Collector
from podlane.manager.metrics.tally import Counting, Tally
from podlane.manager.pauses import Pause, Pauses
from podlane.manager.places import Places
from podlane.manager.poller import Asking, Poller
from podlane.manager.rotation import Rotation, own_api
from podlane.manager.runner import Runner
from podlane.manager.runners import Identity, RunnerBook
from podlane.manager.seats import Alone, Duty, Part, Seats
from podlane.manager.sentry import Sentry
from podlane.manager.settle import Settler
from podlane.manager.status import serve_status
from podlane.manager.usage_log import UsageLog

log = logging.getLogger(__name__)
_SHUTDOWN_SECONDS = 30.0
_PAUSES_SECONDS = 5.0


class _StopNow(Exception):
    """Ends the task group: we were told to stop."""


@dataclass
class Signals:
    """Set from outside: `stop` to leave, `stop_now` to leave without waiting for anything, `hup` to
    read the config again."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    stop_now: asyncio.Event = field(default_factory=asyncio.Event)
    hup: asyncio.Event = field(default_factory=asyncio.Event)

    def tell_to_stop(self) -> None:
        """Once asks to leave, twice means now."""
        (self.stop_now if self.stop.is_set() else self.stop).set()


class Manager:
    """All parts of one manager, and what a reload changes of them."""

    def __init__(
        self, config: Config, path: Path, identity: Identity, left_out: tuple[Entry, ...] = ()
    ) -> None:
        """`left_out`: the file's runners that have faults and are not in `config`."""
        self.path = path
        self.board = Board()
        self.seats = _seats(identity)
        self.part: Part = self.seats or Alone()
        self.tally = Tally()
        self.hands = Hands(
            self.board, UsageLog(path.parent), duty=Duty(self.part), tally=self.tally
        )
        self.places = Places(self.board, config.concurrent, self.part)
        self.book = RunnerBook(identity, path.parent, self.board, self.tally)
        self.settler = Settler(self.hands, self._runner_of)
        self.keeper = Keeper(self.hands, self.settler, self._runner_of)
        self._asking = Asking(self.places, self._start)
        self.pollers = self._asking.pollers
        self.boot = Boot()
        self.pauses = Pauses(self.board, self.part)
        self.metrics = Collector(
            self.tally, self.board, self.places, self.pollers, self.pauses.kept
        )
        self.launching: set[asyncio.Task[None]] = set()
        self.begun = 0  # jobs, since the start
        self.most_jobs = 0  # after which no more are asked for; 0: no end
        self.heard: Callable[[Config], None] = lambda _: None  # told of each new configuration
        self.sentry = Sentry()
        self.rotation = Rotation(path, self._runners, self._take_token)
        self.rotation.part = self.part
        self._config = config
        self._left_out = left_out
        self._in_file = config, left_out  # that of `_config` as it was read
        self._tasks: asyncio.TaskGroup
        self._launches: asyncio.TaskGroup

    async def serve(self, signals: Signals) -> None:
        """Run until told to stop. An unexpected error in any part ends the process."""
        logging.getLogger("podlane").addHandler(Counting(self.tally))
        async with asyncio.TaskGroup() as self._launches:
            try:
                async with asyncio.TaskGroup() as self._tasks:
                    self._tasks.create_task(_until_stopped(signals.stop))
                    self._tasks.create_task(self.settler.serve(self._tasks))
                    self._tasks.create_task(self.keeper.serve(self._tasks))
                    self._tasks.create_task(self.places.serve())
                    self._tasks.create_task(self.sentry.serve())
                    self._tasks.create_task(self._serve_status())
                    await self._sit_down()
                    self._apply(self._config, self._left_out, is_start=True)
                    self.tally.configurations["loaded"] += 1
                    self.tally.state = "running"
                    self._tasks.create_task(orphans.sweep(self._runners, self.hands))
                    self._tasks.create_task(self._follow_config(signals.hup))
                    self._tasks.create_task(self.rotation.serve(self._launches))
            except* _StopNow:
                self.tally.state = "graceful-shutdown"
                log.info("Stopping: no more jobs are asked for")
                await self.pauses.close(_PAUSES_SECONDS)
            await self._end_launches(signals.stop_now)
        await self.book.close()

    async def _serve_status(self) -> None:
        await serve_status(self.metrics, self._why_not_ready, self._config.listen_address)

    async def _sit_down(self) -> None:
        """Of several managers each waits for its seat, and leaves when it has lost it."""
        if self.seats is None:
            return
        self._tasks.create_task(self.seats.serve())
        self._tasks.create_task(_until_stopped(self.seats.lost))
        self.book.sit(await self.seats.seated())

    async def _end_launches(self, now: asyncio.Event) -> None:
        """Give launches in flight the time of `shutdown_timeout`, or none."""
        if not self.launching:
            return
        stopping = self._launches.create_task(now.wait())
        limit = time.monotonic() + seconds_to_leave(self._config)
        while self.launching and not stopping.done() and time.monotonic() < limit:
            some = {stopping, *self.launching}
            left = max(0.0, limit - time.monotonic())
            await asyncio.wait(some, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        for task in (stopping, *self.launching):  # the next manager goes on from the record
            task.cancel()

    async def _follow_config(self, hup: asyncio.Event) -> None:
        async for change in reload.changes(self.path, hup):
            match change:
                case reload.Loaded(checked=checked):
                    self._load(checked)
                case reload.Kept(error=error):
                    self._say_kept(error)

    def _load(self, checked: Checked) -> None:
        self.heard(checked.config)
        logs.say_notes(checked.notes)
        if checked.config.listen_address != self._config.listen_address:
            log.warning("A change of listen_address counts after a restart")
        try:
            self._apply(checked.config, checked.left_out)
        except ConfigError as error:
            self._say_kept(error)
        else:
            self.tally.configurations["loaded"] += 1
            log.info("Configuration loaded", extra={"fields": {"file": str(self.path)}})

    def _say_kept(self, error: ConfigError) -> None:
        self.tally.configurations["loading_error"] += 1
        log.error(
            "The new configuration is broken; the old one stays in force",
            extra={"fields": {"file": str(self.path), "error": str(error)}},
        )

    def _apply(
        self, config: Config, left_out: tuple[Entry, ...], *, is_start: bool = False
    ) -> None:
        """Put a configuration into force. Running jobs are not touched, and a runner that has
        faults now keeps the settings it has; one that is new with them does not run."""
        in_file = config, left_out
        config = renewed(config, self.rotation.renewals)
        in_force = {runner_key(one.url, one.token): one for one in self._settings()}
        kept, out = without_faults(config, left_out, in_force)
        config = msgspec.structs.replace(config, runners=config.runners + kept)
        runners = self.book.update(config, self._tasks.create_task)
        self._config, self._in_file = config, in_file
        self.sentry.change(config.sentry_dsn)
        self.hands.usage.change(usage_files(config.experimental.usage_logger))
        self._limit(config, runners)
        for key in [key for key in self.pollers if key not in runners]:
            self.pollers.pop(key).remove()
            self.boot.forget(key)
        fresh = 0
        for key, runner in runners.items():
            rules = self._polling(runner, config)
            if key in self.pollers:
                self.pollers[key].change(runner, rules)
                continue
            # those of one file do not all ask in the same instant
            delay = fresh * rules.interval / len(runners)
            self._begin(key, Poller(runner, rules, self._asking, delay))
            fresh += 1
            if is_start:
                self.boot.begin(runner)
        for pause in self.pauses.apply(runners):
            self._tasks.create_task(self._pause(pause))
        self.metrics.update(runners, (*out, *self.book.left_out))
        self.places.wake()

    def _limit(self, config: Config, runners: dict[str, Runner]) -> None:
        """Take the limits; of several managers none makes a pod beyond them."""
        self.places.concurrent = config.concurrent
        if self.part.replicas > 1:
            limits = {key: one.context.runner.limit for key, one in runners.items()}
            self.hands.turns.concurrent, self.hands.turns.limits = config.concurrent, limits

    def _polling(self, runner: Runner, config: Config) -> Polling:
        """Its rules; each of several managers may ask at least one question at a time."""
        rules = polling(runner.context.runner, config)
        each = -(-rules.questions // self.part.replicas)
        return msgspec.structs.replace(rules, questions=each)

    def _begin(self, key: str, poller: Poller) -> None:
        self.pollers[key] = poller
        if poller.runner.cache is not None:
            self._tasks.create_task(poller.runner.cache.warm())
        self._tasks.create_task(self._poll(poller))

    async def _poll(self, poller: Poller) -> None:
        """Ask only once the jobs that are there already are known, and GitLab knows the runner."""
        await poller.runner.views.ready(poller.runner.reach)
        if poller.runner.key in self.boot.pending:
            poller.idle_because = "boot-verify"
            await self.boot.verify(poller.runner)
        await poller.serve()

    async def _pause(self, pause: Pause) -> None:
        """How many are wanted hangs on the jobs that there are."""
        await pause.runner.views.ready(pause.runner.reach)
        await pause.serve()

    def _why_not_ready(self) -> str:
        if self.seats is not None and (why := self.seats.why_not_ready()):
            return why
        if not self.book.is_ready():
            return "the cluster has not been listed yet"
        return self.boot.why_not_ready()

    def _start(self, body: bytes, runner: Runner) -> None:
        self.begun += 1
        if self.begun == self.most_jobs:
            self.places.is_draining = True
        task = self._launches.create_task(self._launch(body, runner))
        self.launching.add(task)
        task.add_done_callback(self.launching.discard)

    async def _launch(self, body: bytes, runner: Runner) -> None:
        try:
            self.tally.take(body, runner)
            await launch(body, runner, self.hands)
        finally:
            self.places.give_back(runner.key)

    def _take_token(self, runner: Runner) -> None:
        """The token of `runner` is another one from now on, whatever the file says."""
        config = renewed(Config(runners=(runner.context.runner,)), self.rotation.renewals)
        self.book.follow(runner.key, config.runners[0])
        try:
            self._apply(*self._in_file)
        except ConfigError as error:
            self._say_kept(error)

    def _settings(self) -> list[RunnerConfig]:
        return [one.context.runner for one in self._runners()]

    def _runners(self) -> list[Runner]:
        return [poller.runner for poller in self.pollers.values()]

    def _runner_of(self, line: Line, site: str) -> Runner | None:
        if not self.book.is_listed(site):
            return None
        return self.book.find(line.record.runner, site)


def _seats(identity: Identity) -> Seats | None:
    if identity.seating is None:
        return None
    return Seats(identity.seating, identity.installation, own_api)


def seconds_to_leave(config: Config) -> float:
    """How long launches under way may take once we are told to stop."""
    return float(config.shutdown_timeout or _SHUTDOWN_SECONDS)


async def _until_stopped(stop: asyncio.Event) -> None:
    await stop.wait()
    raise _StopNow
