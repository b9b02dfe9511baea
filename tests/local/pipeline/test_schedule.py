"""The order of jobs: stages, needs, when, allowed failures, retries, manual jobs, cancel."""

from __future__ import annotations

from typing import Any

import pytest

from podlane.local.pipeline import schedule
from podlane.local.pipeline.model import Retry
from podlane.local.pipeline.schedule import Result, Schedule, Step

OK = Result("success")
BAD = Result("failed", "script_failure", 1)


def step(name: str, stage: int = 1, **more: Any) -> Step:
    return Step(name, stage, **more)


def play(steps: list[Step], results: dict[str, Result]) -> tuple[Schedule, list[str]]:
    """Run all; the order of starts. Jobs without a result succeed."""
    state, names = schedule.start(steps)
    order = list(names)
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        state, names = schedule.finish(state, name, results.get(name, OK))
        order.extend(names)
        waiting.extend(names)
    assert state.is_over
    return state, order


A, B, C = step("a", 1), step("b", 2), step("c", 3)
ROWS: list[tuple[str, list[Step], dict[str, Result], dict[str, str], str]] = [
    ("stages", [A, B, C], {}, {"a": "success", "c": "success"}, "success"),
    ("failure skips", [A, B, C], {"a": BAD}, {"a": "failed", "b": "skipped", "c": "skipped"},
     "failed"),
    ("allowed failure", [step("a", allow_failure=True), B], {"a": BAD}, {"b": "success"},
     "success"),
    ("allowed code", [step("a", allow_exit_codes=(1,)), B], {"a": BAD}, {"b": "success"},
     "success"),
    ("other code", [step("a", allow_exit_codes=(2,)), B], {"a": BAD}, {"b": "skipped"}, "failed"),
    ("on_failure runs", [A, step("b", 2, when="on_failure")], {"a": BAD}, {"b": "success"},
     "failed"),
    ("on_failure skipped", [A, step("b", 2, when="on_failure")], {}, {"b": "skipped"}, "success"),
    ("on_failure after an allowed failure", [step("a", allow_failure=True),
     step("b", 2, when="on_failure")], {"a": BAD}, {"b": "skipped"}, "success"),
    ("always", [A, B, step("c", 3, when="always")], {"a": BAD}, {"b": "skipped", "c": "success"},
     "failed"),
    ("needs ignore stages", [A, B, step("c", 3, needs=())], {"a": BAD}, {"c": "success"},
     "failed"),
    ("needs fail", [A, step("z", 1), step("c", 3, needs=("a",))], {"a": BAD}, {"c": "skipped"},
     "failed"),
    ("optional manual", [step("a", when="manual", allow_failure=True), B], {},
     {"a": "manual", "b": "success"}, "success"),
    ("need of an optional manual", [step("a", when="manual", allow_failure=True),
     step("b", 2, needs=("a",))], {}, {"b": "skipped"}, "skipped"),
    ("blocking manual", [step("a", when="manual"), B], {}, {"a": "manual", "b": "created"},
     "manual"),
    ("blocking manual beside a failure", [step("a", when="manual"), step("z"), B], {"z": BAD},
     {"b": "created"}, "failed"),
    ("stand-in", [step("a", is_stand_in=True), B], {}, {"a": "success", "b": "success"},
     "success"),
    ("retry gives up", [step("a", retry=Retry(1))], {"a": BAD}, {"a": "failed"}, "failed"),
    ("skipped need", [A, step("b", 2, needs=("a",)), step("c", 3, needs=("b",))], {"a": BAD},
     {"b": "skipped", "c": "skipped"}, "failed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "results", "states", "status"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_ends(
    steps: list[Step], results: dict[str, Result], states: dict[str, str], status: str
) -> None:
    state, _ = play(steps, results)
    assert {name: state.state(name) for name in states} == states
    assert schedule.pipeline_status(state) == status


def test_a_job_with_needs_starts_before_its_stage() -> None:
    steps = [A, step("slow", 1), B, step("c", 3, needs=("a",))]
    state, names = schedule.start(steps)
    assert names == ("a", "slow")
    state, names = schedule.finish(state, "a", OK)
    assert names == ("c",)
    assert not state.is_over


RETRIES = [
    (Retry(2), BAD, 3),
    (Retry(1, ("runner_system_failure",)), BAD, 1),
    (Retry(1, ("script_failure",)), BAD, 2),
    (Retry(1, (), (1,)), BAD, 2),
    (Retry(1, (), (7,)), BAD, 1),
    (Retry(1, ("stale_schedule",), (1,)), BAD, 2),
]


@pytest.mark.parametrize(("retry", "result", "tries"), RETRIES)
def test_retry(retry: Retry, result: Result, tries: int) -> None:
    _, order = play([step("a", retry=retry)], {"a": result})
    assert order == ["a"] * tries


def test_jobs_of_a_resource_group_run_one_at_a_time() -> None:
    steps = [step("a", resource_group="g"), step("b", resource_group="g"), step("c")]
    state, names = schedule.start(steps)
    assert names == ("a", "c")
    _, names = schedule.finish(state, "a", OK)
    assert names == ("b",)


def test_cancel_starts_nothing_more() -> None:
    state, _ = schedule.start([A, B])
    state = schedule.cancel(state)
    assert state.state("b") == "canceled"
    state, names = schedule.finish(state, "a", Result("canceled"))
    assert names == ()
    assert schedule.pipeline_status(state) == "canceled"
