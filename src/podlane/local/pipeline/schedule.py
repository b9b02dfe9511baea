"""The order of a pipeline's jobs as a pure state machine, by GitLab's rules.

A job waits for all earlier stages, or for its `needs` alone. When what it waits for is over, its
`when` decides: run, or skipped. A blocking manual job holds everything after it; an optional one
holds nothing, but a job that `needs` it is skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from podlane.local.pipeline.model import Retry

State = Literal["created", "pending", "success", "failed", "canceled", "skipped", "manual"]
_OVER = ("success", "failed", "canceled", "skipped")


class Step(msgspec.Struct, frozen=True):
    """What the schedule must know of a job. `needs` None: wait for the stages before."""

    name: str
    stage: int
    needs: tuple[str, ...] | None = None
    when: str = "on_success"
    allow_failure: bool = False
    allow_exit_codes: tuple[int, ...] = ()
    retry: Retry = Retry()
    resource_group: str = ""
    is_stand_in: bool = False


class Entry(msgspec.Struct, frozen=True):
    step: Step
    state: State = "created"
    is_allowed: bool = False  # a failure that does not count
    tries: int = 0
    failure_reason: str = ""
    exit_code: int = 0


class Schedule(msgspec.Struct, frozen=True):
    """The state of all jobs, in the order of the pipeline."""

    entries: Mapping[str, Entry]

    def state(self, name: str) -> State:
        return self.entries[name].state

    @property
    def is_over(self) -> bool:
        """Nothing runs and nothing more will start by itself."""
        return all(entry.state != "pending" for entry in self.entries.values())


class Result(msgspec.Struct, frozen=True):
    """How one try of a job ended."""

    state: Literal["success", "failed", "canceled"]
    failure_reason: str = ""
    exit_code: int = 0


Advance = tuple[Schedule, tuple[str, ...]]


def start(steps: Iterable[Step]) -> Advance:
    """Begin; the second value names the jobs to hand out now."""
    return _advance({step.name: Entry(step) for step in steps})


def finish(schedule: Schedule, name: str, result: Result) -> Advance:
    """Take in how a job ended; names the jobs to hand out now, a retry of the same one too."""
    entries = dict(schedule.entries)
    entry = entries[name]
    if entry.state != "pending":
        return schedule, ()
    entry = msgspec.structs.replace(
        entry,
        state=result.state,
        failure_reason=result.failure_reason,
        exit_code=result.exit_code,
        is_allowed=result.state == "failed" and _is_allowed(entry.step, result),
    )
    if result.state == "failed" and _tries_again(entry, result):
        entry = msgspec.structs.replace(entry, state="created", is_allowed=False)
    entries[name] = entry
    return _advance(entries)


def cancel(schedule: Schedule) -> Schedule:
    """Nothing more starts; what runs is left to end."""
    entries = {
        name: msgspec.structs.replace(entry, state="canceled")
        if entry.state == "created"
        else entry
        for name, entry in schedule.entries.items()
    }
    return Schedule(entries)


def _is_allowed(step: Step, result: Result) -> bool:
    return step.allow_failure or result.exit_code in step.allow_exit_codes


def _tries_again(entry: Entry, result: Result) -> bool:
    retry = entry.step.retry
    if entry.tries > retry.max:
        return False
    has_reason = "always" in retry.when or result.failure_reason in retry.when
    return has_reason or result.exit_code in retry.exit_codes


def _advance(entries: dict[str, Entry]) -> Advance:
    """Decide every job that can be decided, until nothing changes."""
    started: list[str] = []
    is_changed = True
    while is_changed:
        is_changed = False
        for name, entry in entries.items():
            if entry.state != "created":
                continue
            decided = _decide(entry, entries)
            if decided.state == entry.state:
                continue
            entries[name] = decided
            is_changed = True
            if decided.state == "pending":
                started.append(name)
    return Schedule(entries), tuple(started)


def _decide(entry: Entry, entries: Mapping[str, Entry]) -> Entry:
    before = _before(entry.step, entries)
    status = composite(before, is_dag=entry.step.needs is not None)
    if status not in _OVER:
        return entry
    if status not in _valid(entry.step):
        return msgspec.structs.replace(entry, state="skipped")
    if entry.step.when == "manual":
        return msgspec.structs.replace(entry, state="manual")
    if entry.step.is_stand_in:
        return msgspec.structs.replace(entry, state="success")
    if _is_group_busy(entry.step.resource_group, entries):
        return entry
    return msgspec.structs.replace(entry, state="pending", tries=entry.tries + 1)


def _before(step: Step, entries: Mapping[str, Entry]) -> list[Entry]:
    if step.needs is not None:
        return [entries[name] for name in step.needs if name in entries]
    return [entry for entry in entries.values() if entry.step.stage < step.stage]


def _valid(step: Step) -> tuple[str, ...]:
    """The states of what went before with which a job starts."""
    if step.when == "on_failure":
        return ("failed",)
    if step.when == "always":
        return ("success", "failed", "skipped")
    return ("success",) if step.needs is not None else ("success", "skipped")


def _is_group_busy(group: str, entries: Mapping[str, Entry]) -> bool:
    return bool(group) and any(
        entry.step.resource_group == group and entry.state == "pending"
        for entry in entries.values()
    )


def composite(entries: Iterable[Entry], *, is_dag: bool = False) -> str:
    """The one status of several jobs, as GitLab computes it."""
    kinds = {_kind(entry) for entry in entries}
    if is_dag and kinds & {"skipped", "ignored"}:
        return "skipped"
    if kinds & {"created", "pending"}:
        return "running"
    if "manual" in kinds:
        return "manual"
    if "canceled" in kinds:
        return "canceled"
    if "failed" in kinds:
        return "failed"
    return "skipped" if kinds and kinds <= {"skipped", "ignored"} else "success"


def _kind(entry: Entry) -> str:
    if entry.state == "manual" and entry.step.allow_failure:
        return "ignored"
    if entry.state == "failed" and entry.is_allowed:
        return "success"
    return entry.state


def pipeline_status(schedule: Schedule) -> str:
    """`success`, `failed`, `canceled`, `manual` (blocked), `skipped` or `running`."""
    entries = list(schedule.entries.values())
    if any(_kind(entry) == "manual" for entry in entries) and schedule.is_over:
        done = [entry for entry in entries if entry.state not in ("manual", "created")]
        over = composite(done)
        return over if over in ("failed", "canceled") else "manual"
    return composite(entries)
