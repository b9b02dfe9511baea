"""The metrics of one moment, for Prometheus: from the tally, the board and the runners' pollers.

docs/reference/metrics.md names each, and a test holds the two against each other.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from podlane import __version__
from podlane.manager.board import Board
from podlane.manager.metrics import jobs
from podlane.manager.metrics.histogram import Histogram
from podlane.manager.metrics.tally import Tally
from podlane.manager.places import Places
from podlane.manager.runner import Runner

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from podlane.manager.pauses import Pause
    from podlane.manager.poller import Poller

WHO = ("runner", "runner_name", "system_id")
_IDLE = "idle"


@dataclass(eq=False)
class Collector:
    """`runners`: those in force, by key. `left_out`: those of the file that do not run."""

    tally: Tally
    board: Board
    places: Places
    pollers: Mapping[str, Poller]
    pauses: Mapping[str, Pause]
    runners: Mapping[str, Runner] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def update(self, runners: Mapping[str, Runner], left_out: tuple[str, ...]) -> None:
        self.runners, self.left_out = dict(runners), left_out

    def collect(self) -> Iterator[Metric]:
        """Yield them (the interface of a Prometheus collector)."""
        yield from self._jobs()
        yield from self._ends()
        yield from self._queue()
        yield from self._times()
        yield from self._settings()
        yield from self._questions()
        yield from self._calls()
        yield from self._process()
        yield from self._pause_pods()

    def _who(self, key: str) -> list[str]:
        runner = self.runners.get(key)
        return [key, runner.log_name, runner.context.system_id] if runner else [key, "", ""]

    def _counter(self, name: str, text: str, counts: Counter[str]) -> Metric:
        from prometheus_client.core import CounterMetricFamily

        metric = CounterMetricFamily(name, text, labels=WHO)
        for key in {*self.runners, *counts}:
            metric.add_metric(self._who(key), counts[key])
        return metric

    def _gauge(self, name: str, text: str, values: Mapping[str, float]) -> Metric:
        from prometheus_client.core import GaugeMetricFamily

        metric = GaugeMetricFamily(name, text, labels=WHO)
        for key, value in values.items():
            metric.add_metric(self._who(key), value)
        return metric

    def _histogram(self, name: str, text: str, found: Histogram, *more: str) -> Metric:
        from prometheus_client.core import HistogramMetricFamily

        metric = HistogramMetricFamily(name, text, labels=[*WHO, *more])
        for (key, *rest), buckets, total in found.rows():
            metric.add_metric([*self._who(key), *rest], buckets, total)
        return metric

    def _jobs(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        found = Counter(
            (row.runner, row.state, row.stage, row.executor_stage)
            for row in jobs.rows(self.board, time.time())
        )
        labels = [*WHO, "state", "stage", "executor_stage"]
        metric = GaugeMetricFamily("gitlab_runner_jobs", "Jobs there are", labels=labels)
        for key in self.runners:
            metric.add_metric([*self._who(key), _IDLE, _IDLE, _IDLE], 0)
        for (key, *where), count in found.items():
            metric.add_metric([*self._who(key), *where], count)
        yield metric
        yield self._counter("gitlab_runner_jobs", "Jobs taken", self.tally.received)

    def _ends(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily

        labels = ["runner", "runner_name", "failure_reason", "mode"]
        failed = CounterMetricFamily("gitlab_runner_failed_jobs", "Jobs that failed", labels=labels)
        for (key, reason), count in self.tally.failed.items():
            failed.add_metric([*self._who(key)[:2], reason, "traditional"], count)
        yield failed
        text = "Jobs that went back to GitLab's queue, for the cluster had no room"
        yield self._counter("podlane_jobs_given_back", text, self.tally.given_back)
        text, name = "From the record to the end", "gitlab_runner_job_duration_seconds"
        yield self._histogram(name, text, self.tally.durations)

    def _queue(self) -> Iterator[Metric]:
        name = "gitlab_runner_acceptable_job_queuing_duration_exceeded"
        text = "Jobs that waited at GitLab longer than job_queuing_durations allows"
        yield self._counter(name, text, self.tally.late)
        name, text = "gitlab_runner_job_queue_duration_seconds", "In GitLab's queue"
        yield self._histogram(name, text, self.tally.queued, "project_jobs_running")
        text = "Jobs that wait, as GitLab said with the last one"
        yield self._gauge("gitlab_runner_job_queue_size", text, self.tally.queue_size)
        text = "The place in the queue of the last job"
        yield self._gauge("gitlab_runner_job_queue_depth", text, self.tally.queue_depth)

    def _times(self) -> Iterator[Metric]:
        name, tally = "podlane_job_{}_seconds", self.tally
        text = "From the hand-out until a node had the pod"
        yield self._histogram(name.format("scheduled"), text, tally.scheduled)
        text = "From the node until all images were there and the containers ran"
        yield self._histogram(name.format("pulled"), text, tally.pulled)
        text = "From the hand-out to the first line of the job's script"
        yield self._histogram(name.format("script"), text, tally.script)
        yield self._histogram(name.format("total"), "From the record to the end", tally.total)

    def _settings(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        limits = {key: one.context.runner.limit for key, one in self.runners.items()}
        yield self._gauge("gitlab_runner_limit", "The runner's own limit", limits)
        concurrent = self.places.concurrent
        yield GaugeMetricFamily("gitlab_runner_concurrent", "Jobs at once", value=concurrent)
        text = "Runners that do not run, for their faults"
        left_out = len(self.left_out)
        yield GaugeMetricFamily("podlane_runners_left_out", text, value=left_out)
        idle = GaugeMetricFamily(
            "podlane_idle", "1 for what keeps a runner from asking", labels=[*WHO, "reason"]
        )
        for key in self.runners:
            poller = self.pollers.get(key)
            if poller is not None and poller.idle_because:
                idle.add_metric([*self._who(key), poller.idle_because], 1)
        yield idle

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
        for key, poller in self.pollers.items():
            who = [key, poller.runner.context.system_id]
            now.add_metric(who, poller.under_way)
            most.add_metric(who, poller.polling.questions)
            pace.add_metric(who, poller.pace)
            used.add_metric(who, poller.most())
        yield from (now, most, pace, used)

    def _calls(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        name = "gitlab_runner_api_request"
        labels = ["runner", "system_id", "endpoint", "status", "method"]
        text = "Calls of GitLab by the manager; those of the helpers are in no metric"
        statuses = CounterMetricFamily(f"{name}_statuses", text, labels=labels)
        for (key, *rest), count in self.tally.statuses.items():
            statuses.add_metric([key, self._who(key)[2], *rest], count)
        labels[3] = "status_class"
        seconds = HistogramMetricFamily(f"{name}_duration_seconds", text, labels=labels)
        for (key, *rest), buckets, total in self.tally.answers.rows():
            seconds.add_metric([key, self._who(key)[2], *rest], buckets, total)
        kubernetes = CounterMetricFamily(
            "podlane_kubernetes_requests",
            "Calls of the Kubernetes API",
            labels=["verb", "resource", "status"],
        )
        for asked, count in self.tally.kubernetes.items():
            kubernetes.add_metric(asked, count)
        yield from (statuses, seconds, kubernetes)

    def _process(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        version = GaugeMetricFamily(
            "gitlab_runner_version_info", "What runs", labels=["name", "version"]
        )
        version.add_metric(["podlane", __version__], 1)
        state = GaugeMetricFamily(
            "gitlab_runner_process_state_info", "1 for the state it is in", labels=["state"]
        )
        state.add_metric([self.tally.state], 1)
        errors = CounterMetricFamily(
            "gitlab_runner_errors", "Lines of the log that tell of trouble", labels=["level"]
        )
        for level in ("fatal", "error", "warning"):
            errors.add_metric([level], self.tally.logged[level])
        yield from (version, state, errors)
        for what in ("loaded", "loading_error"):
            count = self.tally.configurations[what]
            name = f"gitlab_runner_configuration_{what}"
            yield CounterMetricFamily(name, "Readings of config.toml", value=count)

    def _pause_pods(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily as Counters
        from prometheus_client.core import GaugeMetricFamily as Gauges

        labels, name = list(WHO), "gitlab_runner_kubernetes_autoscaler"
        desired = Gauges(f"{name}_pause_pods_desired", "Pause pods asked for", labels=labels)
        current = Gauges(f"{name}_pause_pods_current", "Pause pods that are ready", labels=labels)
        errors = Counters(
            f"{name}_reconcile_errors", "Rounds that failed", labels=[*labels, "reason"]
        )
        moves = Counters(
            f"{name}_scale_operations", "Changes of the number", labels=[*labels, "direction"]
        )
        for key, pause in self.pauses.items():
            who = [key, pause.runner.log_name, pause.runner.context.system_id]
            desired.add_metric(who, pause.scale.pods)
            current.add_metric(who, pause.ready)
            for reason in ("get_deployment", "apply_state"):
                errors.add_metric([*who, reason], pause.errors[reason])
            for direction in ("up", "down"):
                moves.add_metric([*who, direction], pause.moves[direction])
        yield from (desired, current, errors, moves)
