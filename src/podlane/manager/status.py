"""What the manager tells of itself: Prometheus metrics under gitlab-runner's names, and health.

`listen_address` unset: nothing is served. No authentication, as with gitlab-runner: bind it where
only those who may see it can reach it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from podlane import __version__
from podlane.core.config.model import Config
from podlane.manager.board import Board
from podlane.manager.places import Places
from podlane.manager.queuing import has_waited_too_long
from podlane.manager.runner import Runner

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from podlane.manager.pauses import Pause
    from podlane.manager.poller import Poller

log = logging.getLogger(__name__)
_DEFAULT_PORT = 9252


class Status:
    """Counts what must be counted; the rest is read from the board when asked."""

    def __init__(
        self,
        config: Config,
        board: Board,
        places: Places,
        pollers: Mapping[str, Poller],
        pauses: Mapping[str, Pause],
    ) -> None:
        self.why_not_ready: Callable[[], str] = lambda: "starting"
        self.left_out: tuple[str, ...] = ()
        self._board = board
        self._places = places
        self._pollers = pollers
        self._pauses = pauses
        self._config = config
        self._runners: dict[str, Runner] = {}
        self._received: Counter[str] = Counter()
        self._late: Counter[str] = Counter()

    def update(
        self, config: Config, runners: Mapping[str, Runner], left_out: tuple[str, ...] = ()
    ) -> None:
        """`left_out`: the file's runners that do not run, for their faults."""
        self._config = config
        self._runners = dict(runners)
        self.left_out = left_out

    def received(self, body: bytes, runner: Runner) -> None:
        self._received[runner.key] += 1
        self._late[runner.key] += has_waited_too_long(body, runner.context.runner.monitoring)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this moment (the interface of a Prometheus collector)."""
        from prometheus_client.core import CounterMetricFamily as Counters
        from prometheus_client.core import GaugeMetricFamily as Gauges

        labels = ["runner", "runner_name", "system_id"]
        running = Gauges("gitlab_runner_jobs", "Jobs that hold a place", labels=[*labels, "state"])
        total = Counters("gitlab_runner_jobs", "Jobs received", labels=labels)
        late = Counters(
            "gitlab_runner_acceptable_job_queuing_duration_exceeded",
            "Jobs that waited at GitLab longer than job_queuing_durations allows",
            labels=labels,
        )
        limit = Gauges("gitlab_runner_limit", "The runner's own limit", labels=labels)
        idle = Gauges(
            "podlane_idle", "1 for what keeps a runner from asking", labels=[*labels, "reason"]
        )
        for key, runner in self._runners.items():
            who = [key, runner.log_name, runner.context.system_id]
            running.add_metric([*who, "running"], self._board.live(key))
            total.add_metric(who, self._received[key])
            late.add_metric(who, self._late[key])
            limit.add_metric(who, runner.context.runner.limit)
            poller = self._pollers.get(key)
            if poller is not None and poller.idle_because:
                idle.add_metric([*who, poller.idle_because], 1)
        concurrent = Gauges(
            "gitlab_runner_concurrent", "Jobs at once", value=self._places.concurrent
        )
        version = Gauges("gitlab_runner_version_info", "What runs", labels=["name", "version"])
        version.add_metric(["podlane", __version__], 1)
        left_out = Gauges("podlane_runners_left_out", "Runners that do not run, for their faults")
        left_out.add_metric([], len(self.left_out))
        yield from (running, total, late, limit, idle, concurrent, version, left_out)
        yield from self._questions()
        yield from self._pause_pods()

    def _questions(self) -> Iterator[Metric]:
        """How many questions for jobs are under way, and how many may be."""
        from prometheus_client.core import GaugeMetricFamily as Gauges

        labels, name = ["runner", "system_id"], "gitlab_runner_request_concurrency"
        now = Gauges(name, "Questions for jobs that are under way", labels=labels)
        most = Gauges(f"{name}_hard_limit", "request_concurrency", labels=labels)
        pace = Gauges(
            f"{name}_adaptive_limit", "The limit that GitLab's answers set", labels=labels
        )
        used = Gauges(f"{name}_used_limit", "The limit in force", labels=labels)
        for key, poller in self._pollers.items():
            who = [key, poller.runner.context.system_id]
            now.add_metric(who, poller.under_way)
            most.add_metric(who, poller.polling.questions)
            pace.add_metric(who, poller.pace)
            used.add_metric(who, poller.most())
        yield from (now, most, pace, used)

    def _pause_pods(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily as Counters
        from prometheus_client.core import GaugeMetricFamily as Gauges

        labels, name = ["runner", "runner_name", "system_id"], "gitlab_runner_kubernetes_autoscaler"
        desired = Gauges(f"{name}_pause_pods_desired", "Pause pods asked for", labels=labels)
        current = Gauges(f"{name}_pause_pods_current", "Pause pods that are ready", labels=labels)
        errors = Counters(
            f"{name}_reconcile_errors", "Rounds that failed", labels=[*labels, "reason"]
        )
        moves = Counters(
            f"{name}_scale_operations", "Changes of the number", labels=[*labels, "direction"]
        )
        for key, pause in self._pauses.items():
            who = [key, pause.runner.log_name, pause.runner.context.system_id]
            desired.add_metric(who, pause.scale.pods)
            current.add_metric(who, pause.ready)
            for reason in ("get_deployment", "apply_state"):
                errors.add_metric([*who, reason], pause.errors[reason])
            for direction in ("up", "down"):
                moves.add_metric([*who, direction], pause.moves[direction])
        yield from (desired, current, errors, moves)


def split_address(text: str) -> tuple[str, int]:
    """`host:port`, `:port` or `host`; the port is gitlab-runner's 9252 if none is given."""
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    return host.strip("[]") or "0.0.0.0", int(port) if port.isdigit() else _DEFAULT_PORT


async def serve_status(status: Status, listen_address: str) -> None:
    """Serve metrics and health until cancelled; at once done when there is no address."""
    if not listen_address:
        log.info("No listen_address: metrics and health are not served")
        return
    from aiohttp import web
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

    registry = CollectorRegistry()
    registry.register(status)
    ProcessCollector(registry=registry)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), content_type="text/plain")

    async def live(_: web.Request) -> web.Response:
        return web.Response(text="live\n")

    async def ready(_: web.Request) -> web.Response:
        if why_not := status.why_not_ready():
            return web.Response(status=503, text=f"{why_not}\n")
        out = [
            f"{owner} is left out for its faults: the log names them\n" for owner in status.left_out
        ]
        return web.Response(text="".join(["ready\n", *out]))

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    host, port = split_address(listen_address)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        log.info("Metrics and health are served", extra={"fields": {"address": f"{host}:{port}"}})
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
