"""One job in hand: its plan, its log, its way to GitLab and to the build container, its time.

What can end a job early is asked in one place (`check`), and every wait of the helper ends at once
when one of them comes: a byte in the wake pipe.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from podlane.clients.gitlab.calls import Update
from podlane.core.job.outcome import FailureReason, Outcome, failed
from podlane.core.plan.model import JobPlan
from podlane.core.trace.handover import may_run
from podlane.errors import ServiceError
from podlane.helper.lane import Hello, Lane
from podlane.helper.report import Reporter
from podlane.helper.trace import Trace
from podlane.helper.usage import Meter

if TYPE_CHECKING:
    from podlane.clients.gitlab.blocking import BlockingJobApi
    from podlane.helper.echo import Echo
    from podlane.helper.service_logs import ServiceLogs

END_SECONDS = 3.0  # before the pod's grace ends: time for the last words


class StageFailed(Exception):
    """A stage ended badly. `message` is the end of the line `Job failed: …`."""

    def __init__(self, outcome: Outcome, message: str, *hints: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message
        self.hints = hints


class JobStopped(Exception):
    """GitLab does not want the job any more: nothing more is done, nothing more is said."""


class Deferred(Exception):
    """The build container is lost or cannot start: the manager shall speak."""


class Work:
    """`connect` makes an API for the main thread, when it is first needed."""

    def __init__(  # noqa: PLR0913 - the parts of the program, wired once
        self,
        plan: JobPlan,
        trace: Trace,
        reporter: Reporter,
        lane: Lane,
        connect: Callable[[], BlockingJobApi],
        wake_pipe: tuple[int, int],
    ) -> None:
        self.plan = plan
        self.trace = trace
        self.reporter = reporter
        self.lane = lane
        self.wake_pipe = wake_pipe
        self._connect = connect
        self.meter = Meter(plan, lane, trace)
        self.started = time.monotonic()
        self.terminated_at = 0.0  # when TERM came
        self.has_begun = False  # the first of the scripts
        self.is_closed = False  # the log has its last line
        self.hello: Hello | None = None
        self.status = "running"
        self.shown: set[str] = set()  # what stands in the log and need not again
        self.service_logs: ServiceLogs | None = None
        self.echo: Echo | None = None
        self.is_kept = False  # the build container lives on after us

    @cached_property
    def api(self) -> BlockingJobApi:
        return self._connect()

    @property
    def deadline(self) -> float:
        """Monotonic seconds at which the job's time is over."""
        return self.started + self.plan.limits.job

    def final_until(self) -> float:
        """Until when the last words may be sent: for ever, or to the end of the pod's grace."""
        if self.terminated_at:
            return self.terminated_at + max(1.0, self.plan.limits.pod_grace - 0.5)
        return time.monotonic() + 3600

    def grace_is_over(self) -> bool:
        end = self.terminated_at + self.time_to_end()
        return bool(self.terminated_at) and time.monotonic() >= end

    def time_to_end(self) -> float:
        """Seconds from TERM to the last words."""
        return max(0.0, self.plan.limits.pod_grace - END_SECONDS)

    def must_end(self) -> bool:
        """Whether TERM has come, and nothing runs that has time left to end well."""
        return bool(self.terminated_at) and (not self.has_begun or self.grace_is_over())

    def is_over(self) -> bool:
        """Whether no time is left: the job's, or the pod's."""
        return time.monotonic() >= self.deadline or self.must_end()

    def until(self, limit: float | None = None) -> float:
        """The next moment at which a wait must look up, at most `limit`."""
        moments = [self.deadline]
        if limit is not None:
            moments.append(limit)
        if self.terminated_at:
            moments.append(self.terminated_at + self.time_to_end())
        return min(moments)

    def check(self, *, heeds_cancel: bool = True) -> None:
        """Raise what ends the job or this stage, if anything does."""
        if self.reporter.is_stopped:
            raise JobStopped
        if heeds_cancel and self.reporter.is_canceling:
            raise canceled()
        if self.must_end():
            raise self.interrupted()
        if time.monotonic() >= self.deadline:
            raise timed_out(self.plan.limits.job)

    def interrupted(self, exit_code: int = 0) -> StageFailed:
        """TERM has come, and the job will not be done, or a script failed after it."""
        after = f"was not done {go_duration(self.time_to_end())} later"
        if not self.has_begun:
            after = "had not begun its script"
        elif exit_code:
            after = f"failed after that, with exit code {exit_code}"
        return StageFailed(
            failed(FailureReason.RUNNER_SYSTEM_FAILURE),
            f"the pod was told to end, and the job {after}",
            "`retry: when: runner_system_failure` runs such jobs again",
        )

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self.wake_pipe[1], b"!")

    def clear_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake_pipe[0], 4096)

    def ask(self) -> None:
        """Ask GitLab whether the job is still wanted; patiently, and go on only on a yes."""
        pause = 0.5
        while True:
            self.check(heeds_cancel=False)
            with contextlib.suppress(ServiceError):
                reply = self.api.update(Update("running"))
                self.reporter.take(reply)
                if may_run(reply) and self.is_heard():
                    return self.check(heeds_cancel=False)
            self.sleep(pause)
            pause = min(pause * 2, 10.0)

    def is_heard(self) -> bool:
        """Whether GitLab holds a byte of our trace: from then on nobody runs this job again."""
        return self.reporter.wait_for_first_byte(10.0) and not self.reporter.is_stopped

    def sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        wait_until(self, lambda: time.monotonic() >= until, until)


def wait_until(work: Work, is_true: Callable[[], bool], until: float) -> None:
    import select

    while not is_true() and time.monotonic() < until:
        left = max(0.0, min(until, work.until()) - time.monotonic())
        ready, _, _ = select.select([work.wake_pipe[0]], [], [], left)
        if ready:
            work.clear_wake()
        work.check(heeds_cancel=False)


def canceled() -> StageFailed:
    return StageFailed(failed(FailureReason.UNKNOWN_FAILURE), "canceled")


def timed_out(seconds: float) -> StageFailed:
    return StageFailed(
        failed(FailureReason.JOB_EXECUTION_TIMEOUT),
        f"execution took longer than {go_duration(seconds)} seconds",
    )


def go_duration(seconds: float) -> str:
    """`1h0m0s`, as gitlab-runner writes it."""
    hours, rest = divmod(int(seconds), 3600)
    minutes, left = divmod(rest, 60)
    text = f"{left}s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return f"{hours}h{text}" if hours else text
