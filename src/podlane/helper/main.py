"""`podlane helper PLAN`: run one job inside its pod, and report it to GitLab.

The last word (`core.job.word`) goes to the termination message: it survives us and tells the
manager whether anything is left to be said. The exit code says nothing.
"""

from __future__ import annotations

import os
import sys
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from podlane import __version__
from podlane.core.job.outcome import FailureReason, Outcome, failed, in_words_of
from podlane.core.job.word import OTHER_VERSION, LastWord, encode_word
from podlane.core.plan.model import VERSION, JobPlan, PlanVersion
from podlane.core.text import token
from podlane.helper import cache, certificates, files
from podlane.helper.echo import Echo
from podlane.helper.ending import Ending
from podlane.helper.lane import Lane
from podlane.helper.report import Reporter
from podlane.helper.run import run
from podlane.helper.spool import Spool
from podlane.helper.trace import Trace
from podlane.helper.work import Deferred, JobStopped, Work

if TYPE_CHECKING:
    from podlane.clients.gitlab.blocking import BlockingJobApi

_ECHO_SECONDS = 5.0
_GZIP = 31  # zlib's word for a gzip header around the data


def main(argv: list[str]) -> int:
    ending = Ending()
    plan = read_plan(Path(argv[0]))
    os.umask(files.choose_umask(plan))
    pod = Path(plan.places.pod)
    Path(os.environ.get("HOME", "/")).mkdir(parents=True, exist_ok=True)
    certificates.write_bundle(plan)
    work = _work(plan, pod)

    ending.attend(work)
    say(plan, LastWord("running"))
    work.meter.entered = lambda stage: say(plan, LastWord("running", stage=stage))
    work.meter.start()
    work.reporter.start()
    if work.echo is not None:
        work.echo.start()
    try:
        outcome = run(work)
    except JobStopped:
        work.reporter.stop_thread()
        say(plan, LastWord("accepted", sent=work.reporter.window.sent))
        cache.abandon(work)
    except Deferred:
        work.reporter.send_all(work.final_until)
        # an outcome tells that the build container has never said hello
        silent = None if work.hello else failed(FailureReason.RUNNER_CONFIGURATION_ERROR)
        sent, stage = work.reporter.window.sent, work.meter.lost_in
        say(plan, LastWord("deferred", silent, sent, stage))
    except Exception:  # noqa: BLE001 - whatever it is, the job gets an end and the author a line
        import traceback

        traceback.print_exc()
        work.trace.error("Job failed (system failure): podlane's helper met an unexpected error")
        work.trace.flush()
        finish(work, failed(FailureReason.RUNNER_SYSTEM_FAILURE))
    else:
        finish(work, outcome)
    work.lane.close()
    if work.echo is not None:
        work.echo.finish(_ECHO_SECONDS)
    return 0


def read_plan(folder: Path) -> JobPlan:
    """Join the parts `plan.0`, `plan.1`, … and decode them."""
    parts = sorted(folder.glob("plan.*"), key=lambda path: int(path.suffix[1:]))
    data = zlib.decompress(b"".join(part.read_bytes() for part in parts), _GZIP)
    found = token.decode(data, PlanVersion).version
    if found != VERSION:
        _refuse(folder, f"podlane {__version__} reads plans of version {VERSION}, not {found}")
    return token.decode(data, JobPlan)


def _refuse(folder: Path, why: str) -> NoReturn:
    """Leave the word to the manager: nothing of the plan is known but that it is not ours."""
    (folder.parent / "termination").write_text(why)
    sys.stderr.write(f"{why}\n")
    sys.exit(OTHER_VERSION)


def finish(work: Work, outcome: Outcome) -> None:
    """Tell GitLab the outcome; the last word says whether it was taken."""
    work.is_closed = True
    window = work.reporter.window
    told = in_words_of(outcome, work.plan.gitlab.failure_reasons)
    waits = work.meter.waits(work.hello)
    word = LastWord("decided", told, window.sent, is_kept=work.is_kept, waits=waits)
    say(work.plan, word)
    if work.reporter.finish(told, work.final_until):
        say(work.plan, msgspec.structs.replace(word, state="accepted", sent=window.sent))


def say(plan: JobPlan, word: LastWord) -> None:
    """Write the termination message in place: the file is a mount and cannot be replaced."""
    with (Path(plan.places.pod) / "termination").open("wb") as file:
        file.write(encode_word(word))


def _work(plan: JobPlan, pod: Path) -> Work:
    read_end, write_end = os.pipe()
    for descriptor in (read_end, write_end):
        os.set_blocking(descriptor, False)
    spool = Spool(pod / "spool" / "trace")

    def connect() -> BlockingJobApi:
        return _connect(plan)

    def heard() -> None:
        work.wake()

    settings = plan.trace
    reporter = Reporter(connect, spool, heard, is_debug=settings.is_debug, silence=settings.silence)
    trace = Trace(plan.trace, spool, reporter.wake)
    lane = Lane(pod / "lane", read_end, trace.script)
    work = Work(plan, trace, reporter, lane, connect, (read_end, write_end))
    work.echo = Echo(spool) if plan.trace.to_stdout else None
    return work


def _connect(plan: JobPlan) -> BlockingJobApi:
    """HTTP takes as long to import as all the rest: git has begun by the time this is called."""
    from podlane.clients.gitlab.blocking import BlockingJobApi
    from podlane.clients.gitlab.calls import JobAccess

    access = JobAccess(plan.gitlab.url, plan.job.id, plan.gitlab.token, plan.gitlab.info)
    return BlockingJobApi(
        access,
        user_agent=f"podlane {__version__}",
        ca_certificates=plan.gitlab.ca_certificates,
        client_file=_client_file(plan),
    )


def _client_file(plan: JobPlan) -> str:
    """Our own certificate and its key as a file, which TLS wants; "" where there is none."""
    certificate, key = plan.gitlab.client_certificate, plan.gitlab.client_key
    if not certificate or key is None:
        return ""
    path = Path(plan.places.pod) / "spool" / f"client-{threading.get_ident()}.pem"
    path.touch(0o600)
    path.write_text(f"{certificate}\n{key.reveal()}")
    return str(path)
