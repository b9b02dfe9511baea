"""What must be counted as it happens; everything else is read from the board when asked.

Labels are bounded: runners of the file, GitLab's and Kubernetes' own words, never a job's data.
"""

from __future__ import annotations

import logging
import re
from collections import Counter

import msgspec

from podlane.clients.http.request import Request
from podlane.clients.http.session import Seen
from podlane.core.job.usage_record import Ended
from podlane.manager.metrics.histogram import Histogram
from podlane.manager.queuing import Head, has_waited_too_long
from podlane.manager.runner import Runner

_LEVELS = {logging.CRITICAL: "fatal", logging.ERROR: "error", logging.WARNING: "warning"}
_ENDPOINTS = (
    ("POST", re.compile(r"/jobs/request$"), "request_job"),
    ("PUT", re.compile(r"/jobs/\d+$"), "update_job"),
    ("PATCH", re.compile(r"/jobs/\d+/trace$"), "patch_trace"),
    ("POST", re.compile(r"/reset_authentication_token$"), "reset_token"),
)
_RUNNING = {"0", "1", "2", "3", "4", "+Inf", ""}
_API = re.compile(r"/api/v1/|/apis/[^/]+/[^/]+/")
_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Tally:
    """`state`: of the process, in gitlab-runner's words. Histograms are in seconds."""

    def __init__(self) -> None:
        self.state = "starting"
        self.received: Counter[str] = Counter()  # by runner, as all that has no other word
        self.late: Counter[str] = Counter()
        self.failed: Counter[tuple[str, str]] = Counter()  # by runner and reason
        self.given_back: Counter[str] = Counter()
        self.queue_size: dict[str, int] = {}
        self.queue_depth: dict[str, int] = {}
        self.configurations: Counter[str] = Counter()  # loaded, loading_error
        self.logged: Counter[str] = Counter()  # by level
        self.statuses: Counter[tuple[str, str, str, str]] = Counter()
        self.kubernetes: Counter[tuple[str, str, str]] = Counter()  # by verb, resource, status
        self.queued = Histogram((1, 3, 10, 30, 60, 120, 300, 600, 1800, 3600))
        self.durations = Histogram((30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 18000, 36000))
        self.answers = Histogram((0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60))
        self.scheduled, self.pulled = Histogram(), Histogram()
        self.script, self.total = Histogram(), Histogram()

    def take(self, body: bytes, runner: Runner) -> None:
        """A job has come."""
        key = runner.key
        self.received[key] += 1
        try:
            info = msgspec.json.decode(body, type=Head).job_info
        except msgspec.MsgspecError:
            return  # whoever launches it says what is wrong with it
        if info is None:
            return
        self.late[key] += has_waited_too_long(info, runner.context.runner.monitoring)
        self.queue_size[key], self.queue_depth[key] = info.queue_size, info.queue_depth
        running = info.project_jobs_running_on_instance_runners_count or ""
        labels = (key, running if running in _RUNNING else "other")
        self.queued.observe(labels, info.time_in_queue_seconds or 0)

    def end(self, runner: Runner, ended: Ended) -> None:
        """A job is over, and GitLab has its outcome."""
        key, seconds = (runner.key,), max(0.0, ended.ended_at - ended.began_at)
        self.durations.observe(key, seconds)
        self.total.observe(key, seconds)
        if ended.outcome.state == "failed":
            reason = str(ended.outcome.failure_reason or "unknown_failure")
            self.failed[runner.key, reason] += 1
        for waited, one in zip(
            ended.waits, (self.scheduled, self.pulled, self.script), strict=False
        ):
            one.observe(key, waited)

    def of_gitlab(self, key: str) -> Seen:
        """For a session of the runner `key`: told each call, its status (0: none), its seconds."""

        def seen(request: Request, status: int, seconds: float) -> None:
            endpoint, code = _endpoint(request), str(status or "none")
            self.statuses[key, endpoint, code, request.method.lower()] += 1
            group = f"{status // 100}xx" if status else "none"
            self.answers.observe((key, endpoint, group, request.method.lower()), seconds)

        return seen

    def of_kubernetes(self, request: Request, status: int, seconds: float) -> None:
        verb, resource = _asked(request)
        self.kubernetes[verb, resource, str(status or "none")] += 1


class Counting(logging.Handler):
    """Counts lines of our own log that tell of trouble."""

    def __init__(self, tally: Tally) -> None:
        super().__init__(logging.WARNING)
        self._tally = tally

    def emit(self, record: logging.LogRecord) -> None:
        self._tally.logged[_LEVELS.get(record.levelno, "warning")] += 1


def _endpoint(request: Request) -> str:
    path = request.url.partition("?")[0]
    for method, pattern, name in _ENDPOINTS:
        if request.method == method and pattern.search(path):
            return name
    return "other"


def _asked(request: Request) -> tuple[str, str]:
    """Verb and resource as Kubernetes' audit log has them: no name of any object."""
    path, _, query = request.url.partition("?")
    found = _API.search(path)
    parts = path[found.end() :].split("/") if found else [""]
    if parts[0] == "namespaces" and len(parts) > 2:
        parts = parts[2:]
    resource = "/".join([parts[0], *parts[2:3]])
    verb = _VERBS.get(request.method, "other")
    if verb == "get" and "watch=" in query:
        return "watch", resource
    return ("list" if verb == "get" and len(parts) == 1 else verb), resource
