"""The job's services: each must have been started, and answer on the ports it is asked on, before
the scripts run.

That a service was started shows by its mark (`core.pod.volumes`), that it answers by dialling it:
all containers of the pod share one network. How one ended, the manager tells.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path

from podlane.core.job.outcome import FailureReason, failed
from podlane.core.job.tell import ServiceEnd
from podlane.core.plan.model import ServiceCheck
from podlane.helper import tell
from podlane.helper.work import Deferred, StageFailed, Work, go_duration

_EVERY = 0.2
_QUIET = 1.0
_LATER = 3.0  # the manager, whose time for an image began before ours, speaks first
_NEWS = 3.0
_IN_USE = "address already in use"


def wait(work: Work) -> None:
    """Wait until all are there. StageFailed, JobStopped, or Deferred when the manager says so."""
    if not work.plan.services:
        return
    _follow_logs(work)
    started = time.monotonic()
    _wait_for_start(work)
    open_ports = [(one, port) for one in work.plan.services for port in one.ports]
    open_ports = [item for item in open_ports if not _answers(item[1])]
    if not open_ports:
        return
    for one in dict.fromkeys(one for one, _ in open_ports):
        work.trace.info(
            f"Waiting for service {_called(one)} to answer on {_ports(one)}, "
            f"at most {go_duration(one.seconds)}..."
        )
    _dial(work, open_ports, time.monotonic())
    work.trace.plain(f"The services answer after {time.monotonic() - started:.1f} s")


def report_ends(work: Work, *, has_failed: bool) -> None:
    """Before the last line: which services died under the job, for the fault may be theirs."""
    if work.terminated_at or not work.plan.services:
        return
    if work.service_logs is not None:
        work.service_logs.end()
    if has_failed:
        _wait_for_news(work)
    for one, end in _ended(work):
        if end.exit_code or end.reason == "OOMKilled":
            _show_end(work, one, end)


def _follow_logs(work: Work) -> None:
    if work.plan.service_logs:
        from podlane.helper.service_logs import ServiceLogs

        work.service_logs = ServiceLogs(work.plan, work.trace)
        work.service_logs.start()


def _wait_for_start(work: Work) -> None:
    folder = Path(work.plan.places.pod) / "services"
    limit = work.started + work.plan.limits.hello + _LATER
    quiet_until, is_said = time.monotonic() + _QUIET, False
    while missing := [one for one in work.plan.services if not (folder / one.name).is_dir()]:
        _heed(work)
        now = time.monotonic()
        if now >= limit:
            raise StageFailed(
                failed(FailureReason.RUNNER_SYSTEM_FAILURE),
                f"the service {_called(missing[0])} was not started within "
                f"{go_duration(work.plan.limits.hello)}",
                "is its image large, or the registry slow? `poll_timeout` is how long we wait",
            )
        if now >= quiet_until and not is_said:
            is_said = True
            names = ", ".join(map(_called, missing))
            work.trace.info(f"Waiting for the start of services (their images first): {names}...")
        work.sleep(_EVERY)


def _dial(work: Work, waiting: list[tuple[ServiceCheck, int]], since: float) -> None:
    while waiting:
        _heed(work)
        _check_ends(work, [one for one, _ in waiting])
        one, port = min(waiting, key=lambda item: item[0].seconds)
        if time.monotonic() >= since + one.seconds:
            raise StageFailed(
                failed(FailureReason.RUNNER_SYSTEM_FAILURE),
                f"the service {_called(one)} did not answer on port {port} within "
                f"{go_duration(one.seconds)}",
                "does it listen on this port, on all addresses or on 127.0.0.1?",
                "`service_timeout` in [runners.podlane] is how long podlane waits",
            )
        work.sleep(_EVERY)
        waiting = [item for item in waiting if not _answers(item[1])]


def _heed(work: Work) -> None:
    """End the wait if the job is over, or the manager wants the word."""
    work.check()
    if tell.read_aloud(work).defer:
        raise Deferred


def _check_ends(work: Work, waited: list[ServiceCheck]) -> None:
    """A service that has ended will never answer."""
    for one, end in _ended(work):
        if one in waited:
            _show_end(work, one, end)
            raise StageFailed(
                failed(FailureReason.RUNNER_SYSTEM_FAILURE),
                f"the service {_called(one)} ended before it answered on {_ports(one)}: "
                f"{_how(end)}",
                *_hints(end),
            )


def _ended(work: Work) -> list[tuple[ServiceCheck, ServiceEnd]]:
    known = {one.name: one for one in work.plan.services}
    return [(known[end.name], end) for end in tell.read(work.plan).services if end.name in known]


def _wait_for_news(work: Work) -> None:
    """A service that no longer answers has most likely died: its end is told in a moment."""
    silent = [one for one in work.plan.services if not all(_answers(port) for port in one.ports)]
    until = time.monotonic() + _NEWS
    while time.monotonic() < until and not work.reporter.is_stopped:
        told = {one for one, _ in _ended(work)}
        if all(one in told for one in silent):
            return
        time.sleep(_EVERY)  # the job's time may be over already, and these seconds are its end


def _show_end(work: Work, one: ServiceCheck, end: ServiceEnd) -> None:
    """Once: whoever fails the job for it has shown it."""
    if end.name in work.shown:
        return
    work.shown.add(end.name)
    work.meter.service_ended(end)
    lines = end.tail.splitlines()
    last = ". The last it printed:" if lines else ""
    work.trace.warning(f"service {_called(one)} has ended: {_how(end)}{last}")
    for line in lines:
        work.trace.other(f"[service:{one.name}] {line}")


def _how(end: ServiceEnd) -> str:
    reason = f" ({end.reason})" if end.reason not in ("", "Error", "Completed") else ""
    return f"exit code {end.exit_code}{reason}"


def _hints(end: ServiceEnd) -> list[str]:
    if _IN_USE not in end.tail.lower():
        return []
    return [
        "all containers of a job share one network: another service has this port already; "
        "let one of them listen elsewhere"
    ]


def _called(one: ServiceCheck) -> str:
    return f"{one.name} ({one.image})"


def _ports(one: ServiceCheck) -> str:
    return f"port {', '.join(map(str, one.ports))}"


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
