"""What GitLab's answers mean for who runs a job and who speaks for it."""

from __future__ import annotations

import pytest

from podlane.core.trace.handover import (
    Missing,
    Taken,
    is_accepted,
    is_said,
    may_forget,
    may_run,
    of_acknowledgement,
    of_missing_pod,
)
from podlane.core.trace.reply import Reply, Word

STOP, AGAIN, DONE = Reply(Word.STOP), Reply(Word.AGAIN), Reply(Word.DONE)


@pytest.mark.parametrize(
    ("size", "missing"),
    [
        (STOP, Missing.OVER),
        (AGAIN, Missing.UNKNOWN),  # silence is not "empty"
        (Reply(Word.OFFSET, offset=0), Missing.MAKE),
        (Reply(Word.OFFSET, offset=1), Missing.BEGUN),
    ],
)
def test_a_missing_pod_is_made_only_if_gitlab_holds_nothing(size: Reply, missing: Missing) -> None:
    assert of_missing_pod(size) is missing


def test_what_managers_have_written_is_not_what_has_begun() -> None:
    size = Reply(Word.OFFSET, offset=7)
    assert of_missing_pod(size, (0, 7)) is Missing.MAKE
    assert of_missing_pod(size, (0, 6)) is Missing.BEGUN


def test_a_helper_that_has_left_begins_no_more() -> None:
    assert of_missing_pod(Reply(Word.OFFSET, offset=7), has_left=True) is Missing.MAKE
    assert of_missing_pod(AGAIN, has_left=True) is Missing.UNKNOWN
    assert of_missing_pod(STOP, has_left=True) is Missing.OVER


def test_a_record_stays_while_a_pod_can_begin() -> None:
    assert not may_forget(has_pod=True)
    assert may_forget(has_pod=False)


def test_an_acknowledgement() -> None:
    assert of_acknowledgement(Reply(Word.DONE, is_canceling=True)) is Taken.CANCELED
    found = [of_acknowledgement(one) for one in (STOP, AGAIN, DONE)]
    assert found == [Taken.UNWANTED, Taken.UNKNOWN, Taken.WANTED]


def test_a_script_runs_only_on_a_yes() -> None:
    assert [may_run(one) for one in (DONE, STOP, AGAIN)] == [True, False, False]


def test_a_final_status_is_repeated_until_gitlab_has_one() -> None:
    for rule in (is_said, is_accepted):
        assert [rule(one) for one in (DONE, STOP, AGAIN)] == [True, True, False]
    assert is_said(Reply(Word.FROM_START))
    assert not is_accepted(Reply(Word.FROM_START))
