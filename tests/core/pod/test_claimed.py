"""A later attempt, claimed: written and read back."""

from __future__ import annotations

import pytest

from podlane.core.pod import claimed, names
from podlane.core.pod.claimed import Claimed
from podlane.core.pod.state import RecordState
from podlane.errors import Rejected

RECORD = RecordState("runner-a-job-1", "ci", "uid", "a", 1, "42", 0.0)


def test_it_is_read_as_it_was_written() -> None:
    mine = Claimed(2, 1234, {"build": 1})
    secret = claimed.written(RECORD, mine, {names.RUNNER: "a", names.JOB_ID: "1"})
    assert claimed.read(secret, 2) == mine
    assert secret["metadata"]["name"] == "runner-a-job-1-attempt-2"


def test_it_is_no_record() -> None:
    secret = claimed.written(RECORD, Claimed(1), {names.RUNNER: "a", names.JOB_ID: "1"})
    assert not names.is_record(secret["metadata"]["name"], secret["metadata"]["labels"])


@pytest.mark.parametrize("data", [{}, {"attempt": "?"}, {"attempt": "W10="}, {"attempt": "e30=e"}])
def test_another_secret_of_this_name_is_refused(data: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        claimed.read({"metadata": {"name": "x"}, "data": data}, 1)
