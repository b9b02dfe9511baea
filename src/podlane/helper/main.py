"""`podlane helper PLAN`: run one job inside its pod, and report it to GitLab.

The last word (`core.job.word`) goes to the termination message: it survives us and tells the
manager whether anything is left to be said. The exit code says nothing.
"""

from __future__ import annotations

import gzip
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from podlane import __version__
from podlane.clients.gitlab.blocking import BlockingJobApi
from podlane.clients.gitlab.calls import JobAccess
from podlane.core.job.outcome import FailureReason, Outcome, failed, in_words_of
from podlane.core.job.word import LastWord, encode_word
from podlane.core.plan.model import VERSION, JobPlan
from podlane.core.text import token
from podlane.helper.lane import Lane
from podlane.helper.report import Reporter
from podlane.helper.run import run
from podlane.helper.spool import Spool
from podlane.helper.trace import Trace
from podlane.helper.work import Deferred, JobStopped, Work


def main(argv: list[str]) -> int:
    os.umask(0o022)
    plan = read_plan(Path(argv[0]))
    pod = Path(plan.places.pod)
    Path(os.environ.get("HOME", "/")).mkdir(parents=True, exist_ok=True)
    work = _work(plan, pod)

    def end_well(_number: int, _frame: object) -> None:
        work.terminated_at = work.terminated_at or time.monotonic()
        work.reporter.hurry()

    # a signal may hit any thread: the byte in the pipe wakes the one that waits
    signal.set_wakeup_fd(work.wake_pipe[1], warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, end_well)
    signal.signal(signal.SIGINT, end_well)
    say(plan, LastWord("running"))
    work.reporter.start()
    try:
        outcome = run(work)
    except JobStopped:
        work.reporter.stop_thread()
        say(plan, LastWord("accepted", sent=work.reporter.window.sent))
    except Deferred:
        work.reporter.send_all(work.final_until)
        say(plan, LastWord("deferred", sent=work.reporter.window.sent))
    except Exception:  # noqa: BLE001 - whatever it is, the job gets an end and the author a line
        traceback.print_exc()
        work.trace.error("Job failed (system failure): podlane's helper met an unexpected error")
        work.trace.flush()
        finish(work, failed(FailureReason.RUNNER_SYSTEM_FAILURE))
    else:
        finish(work, outcome)
    work.lane.close()
    return 0


def read_plan(folder: Path) -> JobPlan:
    """Join the parts `plan.0`, `plan.1`, … and decode them."""
    parts = sorted(folder.glob("plan.*"), key=lambda path: int(path.suffix[1:]))
    data = b"".join(part.read_bytes() for part in parts)
    plan = token.decode(gzip.decompress(data), JobPlan)
    if plan.version != VERSION:
        sys.exit(f"this helper reads plans of version {VERSION}, not {plan.version}")
    return plan


def finish(work: Work, outcome: Outcome) -> None:
    """Tell GitLab the outcome; the last word says whether it was taken."""
    told = in_words_of(outcome, work.plan.gitlab.failure_reasons)
    say(work.plan, LastWord("decided", told, work.reporter.window.sent))
    if work.reporter.finish(told, work.final_until):
        say(work.plan, LastWord("accepted", told, work.reporter.window.sent))


def say(plan: JobPlan, word: LastWord) -> None:
    """Write the termination message in place: the file is a mount and cannot be replaced."""
    with (Path(plan.places.pod) / "termination").open("wb") as file:
        file.write(encode_word(word))


def _work(plan: JobPlan, pod: Path) -> Work:
    access = JobAccess(plan.gitlab.url, plan.job.id, plan.gitlab.token, plan.gitlab.info)
    agent = f"podlane {__version__}"
    certificates = plan.gitlab.ca_certificates
    apis = [
        BlockingJobApi(access, user_agent=agent, ca_certificates=certificates) for _ in range(2)
    ]
    read_end, write_end = os.pipe()
    for descriptor in (read_end, write_end):
        os.set_blocking(descriptor, False)
    spool = Spool(pod / "spool" / "trace")

    def heard() -> None:
        work.wake()

    reporter = Reporter(apis[0], spool, heard, is_debug=plan.trace.is_debug)
    trace = Trace(plan.trace, spool, reporter.wake)
    lane = Lane(pod / "lane", read_end, trace.script)
    work = Work(plan, trace, reporter, lane, apis[1], (read_end, write_end))
    return work
