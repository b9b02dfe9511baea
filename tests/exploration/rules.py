"""podlane's own decisions, as the world asks for them; a mutant puts another in place of one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from msgspec import Struct

from exploration import gitlab
from exploration.world import (
    ACCEPTED,
    DEFERRED,
    FAILED,
    NO_IMAGE,
    RUNS,
    SUCCESS,
    WAITS,
    Line,
    World,
)
from exploration.world import GONE as LOST
from podlane.core.job import outcome
from podlane.core.job.tell import Told
from podlane.core.job.word import LastWord
from podlane.core.pod import verdict
from podlane.core.pod.state import ContainerState, PodState, RecordState
from podlane.core.pod.verdict import Entry, Patience, Verdict
from podlane.core.trace import handover
from podlane.core.trace.reply import Reply

RECORD = RecordState("runner-a-job-1", "ci", "uid", "a", 1, "42", 0.0)
SYSTEM = outcome.FailureReason.RUNNER_SYSTEM_FAILURE
_DENIED = "pull access denied"
_WORDS = {
    SUCCESS: LastWord("decided", outcome.SUCCESS),
    FAILED: LastWord("decided", outcome.failed(SYSTEM)),
    DEFERRED: LastWord("deferred"),
    ACCEPTED: LastWord("accepted"),
}
SOON, LATE = 6.0, 1000.0


@cache
def entry(line: Line, *, is_launching: bool, has_choice: bool) -> Entry:
    pod = None
    if line.pod is not None:
        seen = line.pod
        policies = {"helper": ["Always", "IfNotPresent"], "build": ["Always", "IfNotPresent"]}
        failed = {"helper": seen.attempt, "build": seen.attempt}
        pod = PodState(
            f"{RECORD.name}-{seen.attempt}",
            "ci",
            str(seen.uid),
            RECORD.name,
            seen.attempt,
            0.0,
            0.0,
            is_deleting=seen.is_deleting,
            told=Told(defer="because" if seen.is_told else ""),
            policies=policies if has_choice else {},
            pulls_failed=failed if has_choice else {},
            node="node1" if seen.is_placed else "",
            unschedulable="" if seen.is_placed else "0/1 nodes are available: 1 Insufficient cpu.",
            containers=(_container("helper", seen.phase), _container("build", seen.build)),
            word=_WORDS.get(seen.word),
        )
    return Entry(
        RECORD,
        pod,
        pod_is_gone=line.is_gone,
        is_launching=is_launching,
        is_reserved=line.is_reserved is True,
    )


def _container(name: str, phase: str) -> ContainerState:
    if phase == NO_IMAGE:
        return ContainerState(name, "a:1", "waiting", "ErrImagePull", _DENIED)
    if phase in ("ended", LOST):
        return ContainerState(name, "a:1", "terminated", "Error", exit_code=137)
    return ContainerState(name, "a:1", {WAITS: "waiting", RUNS: "running"}[phase])  # type: ignore[arg-type]


class Rules(Struct, frozen=True):
    """What is podlane's to decide. What is true or false is the programs' order of calls."""

    judge: Callable[[Entry, float, Patience], Verdict] = verdict.judge
    of_missing_pod: Callable[..., handover.Missing] = handover.of_missing_pod
    may_run: Callable[[Reply], bool] = handover.may_run
    is_said: Callable[[Reply], bool] = handover.is_said
    is_accepted: Callable[[Reply], bool] = handover.is_accepted
    asks_for_first_byte: bool = True
    deletes_by_uid: bool = True
    claims_attempts: bool = True
    waits_until_gone: bool = True
    speaks_before_removing: bool = True
    asks_before_script: bool = True
    heeds_term: bool = True
    looks_again: bool = True
    confirms_before_speaking: bool = True
    asks_before_giving_back: bool = True
    may_forget: Callable[..., bool] = handover.may_forget
    asks_before_clearing: bool = True
    keeps: Callable[[World], tuple[World, Reply]] = gitlab.pending


def judged(
    rules: Rules, line: Line, now: float, *, is_launching: bool, has_choice: bool
) -> Verdict:
    whole = entry(line, is_launching=is_launching, has_choice=has_choice)
    return verdict.settled(whole, now) if line.is_spoken else rules.judge(whole, now, Patience())
