"""What must be true of every job at the end: it ended once, for the right reason, with all that it
printed; it ran at most once; and nothing that struck others has changed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from podlane.local.coordinator import CoordinatorJob
from soak.jobs import printed
from soak.schedule import Deal

SYSTEM = ("failed", "runner_system_failure")


def expected(deal: Deal) -> tuple[str, str]:
    """State and failure reason of a job that nothing has struck."""
    if deal.kind == "canceled":
        return "canceled", ""
    return ("failed", "script_failure") if deal.code else ("success", "")


def faults(deal: Deal, job: CoordinatorJob, runs: int, struck: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the end of one job. `struck`: what befell its own pod."""
    found = job.state, "" if job.state == "canceled" else job.failure_reason
    allowed = {expected(deal)} | ({SYSTEM} if struck else set())
    if found not in allowed:
        yield f"ended {found} and not {sorted(allowed)}"
    if runs > 1:
        yield f"ran {runs} times"
    if job.state == "success" and runs != 1:
        yield f"succeeded, and its script ran {runs} times"
    yield from _trace(deal, job, is_whole=found == expected(deal) and found[0] != "canceled")
    if job.checksum and job.checksum_matches is False:
        yield "its helper sent another checksum than GitLab has"


def _trace(deal: Deal, job: CoordinatorJob, *, is_whole: bool) -> Iterator[str]:
    lines = printed(deal, job)
    if lines != list(range(1, len(lines) + 1)):
        yield f"its trace has lines that lack or are there twice: {_first_gap(lines)}"
    elif is_whole and len(lines) != deal.lines:
        yield f"its trace has {len(lines)} of {deal.lines} lines"
    if found_system(job) and b"Job failed (system failure): " not in job.trace:
        yield "its trace does not say why it failed"


def found_system(job: CoordinatorJob) -> bool:
    return (job.state, job.failure_reason) == SYSTEM


def _first_gap(lines: list[int]) -> str:
    gap = next(at for at, number in enumerate(lines) if number != at + 1)
    return f"line {lines[gap]} after line {lines[gap - 1] if gap else 0}"


def check(
    deals: tuple[Deal, ...],
    jobs: Mapping[int, CoordinatorJob],
    runs: Mapping[int, int],
    struck: Mapping[int, tuple[str, ...]],
) -> list[str]:
    """All that is wrong, a sentence each."""
    wrong = []
    for deal in deals:
        own = struck.get(deal.number, ())
        what = f"job {deal.number} ({deal.kind}{', ' + ', '.join(own) if own else ''})"
        for fault in faults(deal, jobs[deal.number], runs.get(deal.number, 0), own):
            wrong.append(f"{what}: {fault}")
    return wrong
