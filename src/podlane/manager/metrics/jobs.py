"""The jobs on the board in gitlab-runner's words: for `/debug/jobs/list` and the metric of jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from podlane.manager.board import Board, Line


class Row(NamedTuple):
    """`stage` of the job's own is known to its helper alone, and is empty."""

    runner: str
    url: str
    state: str
    stage: str
    executor_stage: str
    seconds: float


def rows(board: Board, now: float) -> Iterator[Row]:
    """`now`: seconds since the epoch."""
    for line in list(board.lines.values()):
        state, executor_stage = _where(line)
        url = line.pod.job_url if line.pod is not None else ""
        seconds = max(0.0, now - line.record.created_at)
        yield Row(line.record.runner, url, state, "", executor_stage, seconds)


def text(found: Iterator[Row]) -> str:
    """One line a job, in the second version of gitlab-runner's form."""
    return "".join(
        f"url={row.url} state={row.state} stage={row.stage} executor_stage={row.executor_stage} "
        f"duration={row.seconds:.0f}s\n"
        for row in found
    )


def _where(line: Line) -> tuple[str, str]:
    if line.is_over:
        return _outcome(line), "cleanup"
    if line.pod is None:
        return "pending", "created"
    if not line.pod.has_begun:
        return "pending", "prepare"
    ended = line.pod.container("helper").phase == "terminated"
    return "running", "finish" if ended else ""


def _outcome(line: Line) -> str:
    word = line.pod.word if line.pod is not None else None
    outcome = word.outcome if word is not None else None
    return outcome.state if outcome is not None else "failed"
