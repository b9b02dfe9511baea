"""The board: which slots are held, and until when, whatever order events come in."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from podlane.core.pod.slots import Claim
from podlane.core.pod.state import ContainerState, PodState, RecordState
from podlane.manager.board import Board
from podlane.manager.slots import Slots

SITE = "here"


def record(job: int, version: int, slot: int = 0, **changes: Any) -> RecordState:
    claim = Claim("a", "42", slot, slot)
    made = RecordState(f"job-{job}", "ci", f"uid-{version}", "a", job, "42", 0.0)
    return replace(made, version=version, claim=claim, **changes)


def pod(of: RecordState, phase: Any = "running") -> PodState:
    containers = (ContainerState("helper", "h", phase), ContainerState("build", "b", phase))
    return PodState(
        name=f"{of.name}-0",
        namespace="ci",
        uid=f"pod-{of.uid}",
        record=of.name,
        attempt=0,
        created_at=0.0,
        placed_at=0.0,
        containers=containers,
        owner=of.uid,
        claim=of.claim,
    )


def held(board: Board) -> list[int]:
    return sorted(holder.claim.slot for holder in board.holders())


def test_a_job_holds_its_slot_until_nothing_of_its_pod_runs() -> None:
    board, one = Board(), record(1, 10)
    board.put_record(SITE, one, is_seen=True)
    assert held(board) == [0]
    board.put_pod(SITE, pod(one), 0.0)
    assert held(board) == [0]
    board.put_pod(SITE, pod(one, "terminated"), 0.0)
    assert held(board) == []


def test_a_pod_that_outlives_its_record_holds_on() -> None:
    board, one = Board(), record(1, 10)
    board.put_record(SITE, one, is_seen=True)
    board.put_pod(SITE, pod(one), 0.0)
    board.drop_record(SITE, one.name, one.uid)
    assert held(board) == [0]
    assert Slots(board).take("a", "42").slot == 1
    board.drop_pod(SITE, pod(one))
    assert held(board) == []


def test_a_pod_without_a_record_is_found_after_a_restart() -> None:
    board, one = Board(), record(1, 10, slot=2)
    board.put_pod(SITE, pod(one), 0.0)
    assert held(board) == [2]
    board.keep_only_pods(SITE, [])
    assert held(board) == []


def test_the_pod_of_an_earlier_record_is_not_taken_for_that_of_a_later_one() -> None:
    board, old = Board(), record(1, 10)
    board.put_record(SITE, old, is_seen=True)
    board.put_pod(SITE, pod(old), 0.0)
    new = record(1, 20, slot=1)
    board.drop_record(SITE, old.name, old.uid)
    board.put_record(SITE, new)
    assert board.lines[(SITE, new.name)].pod is None
    board.put_pod(SITE, pod(old), 0.0)
    assert board.lines[(SITE, new.name)].pod is None
    assert held(board) == [0, 1]
    board.put_pod(SITE, pod(new), 0.0)
    assert board.lines[(SITE, new.name)].pod == pod(new)


def test_late_news_of_an_earlier_record_change_nothing() -> None:
    board, old, new = Board(), record(1, 10), record(1, 20, slot=1)
    board.put_record(SITE, old, is_seen=True)
    board.put_record(SITE, new)
    board.put_record(SITE, old, is_seen=True)
    board.drop_record(SITE, old.name, old.uid)
    line = board.lines[(SITE, new.name)]
    assert (line.record, line.is_seen) == (new, False)


async def test_whoever_was_first_keeps_the_slot() -> None:
    board, mine, other = Board(), record(1, 20), record(2, 10)
    slots = Slots(board)
    board.put_record(SITE, mine)
    board.put_record(SITE, other, is_seen=True)
    board.put_record(SITE, mine, is_seen=True)
    assert await slots.is_certain((SITE, mine.name)) is False
    assert await slots.is_certain((SITE, other.name)) is True
    board.drop_record(SITE, other.name, other.uid)
    assert await slots.is_certain((SITE, mine.name)) is True


async def test_a_record_that_is_going_was_there_before() -> None:
    board, mine, other = Board(), record(1, 20), record(2, 30, is_deleting=True)
    board.put_record(SITE, other, is_seen=True)
    board.put_record(SITE, mine, is_seen=True)
    assert await Slots(board).is_certain((SITE, mine.name)) is False


def test_what_is_taken_is_free_again_once_given_back() -> None:
    slots = Slots(Board())
    first, second = slots.take("a", "42"), slots.take("a", "42")
    assert (first.slot, second.slot) == (0, 1)
    slots.give_back(first)
    assert slots.take("a", "42").slot == 0


def test_a_view_of_all_sites_covers_its_cluster_alone() -> None:
    board, here, there = Board(), record(1, 10), record(2, 20)
    board.put_record("one/a", here, is_seen=True)
    board.put_record("one/b", there, is_seen=True)
    board.put_record("other/a", record(3, 30), is_seen=True)
    board.put_pod("one/a", pod(here), 0.0)
    board.keep_only_records("one/", [("one/b", there.name)])
    assert sorted(board.lines) == [("one/b", "job-2"), ("other/a", "job-3")]
    board.keep_only_pods("one/", [])
    assert held(board) == [0, 0]
    board.see("one/", "pods", is_seen=False)
    assert board.is_blind("one/b")
    assert not board.is_blind("other/a")
