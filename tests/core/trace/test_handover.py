"""What GitLab's answers mean for who runs a job and who speaks for it."""

from __future__ import annotations

import pytest

from podlane.core.trace.handover import (
    Missing,
    Taken,
    is_accepted,
    is_said,
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
