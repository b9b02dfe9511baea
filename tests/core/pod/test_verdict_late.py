"""`prepare_timeout`: the manager caps all that comes before a job's scripts."""

from __future__ import annotations

from typing import Any

import pytest

from core.pod.states import BUSY, DEFERRED, MADE, RECORD, RUNNING, ended, pod, spoken, waiting
from podlane.core.job.tell import Told, encode_told
from podlane.core.pod import names
from podlane.core.pod.state import RawPod, parse_pod
from podlane.core.pod.verdict import Entry, Patience, SpeakFor, Tell, Wait, judge

LATE = Patience(prepare=100)
TOLD_LATE: dict[str, Any] = {
    "metadata": {"annotations": {names.TELL: encode_told(Told("prepare timeout: too late"))}}
}
STUCK = waiting("ImagePullBackOff", "Back-off pulling")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (pod(node="", status={"phase": "Pending"}), "Waiting for a node"),
        (pod(BUSY, BUSY), "was not ready within 1m40s: Waiting for node node1"),
        (pod(BUSY, BUSY, attempt=1), "was not ready within 1m40s"),
        (pod(ended(message=DEFERRED), STUCK, **TOLD_LATE), "Waiting for container build"),
        (pod(ended(message=DEFERRED), RUNNING, **TOLD_LATE), "was not ready"),
    ],
)
def test_the_config_caps_all_that_comes_before_the_scripts(raw: RawPod, words: str) -> None:
    entry = Entry(RECORD, parse_pod(raw), seen_at=MADE + 99)
    before = judge(entry, MADE + 99.5, LATE)
    assert not isinstance(before, SpeakFor) or "prepare" not in before.lines[0]
    answer = judge(entry, MADE + 100, LATE)
    assert spoken(answer)[0] == "job_execution_timeout"
    assert spoken(answer)[2].startswith("prepare timeout: ")
    assert words in spoken(answer)[2]


def test_no_wait_is_longer_than_the_preparation() -> None:
    entry = Entry(RECORD, parse_pod(pod(BUSY, BUSY)), seen_at=MADE)
    assert judge(entry, MADE + 60, LATE) == Wait(40)
    assert judge(entry, MADE + 60, Patience()) == Wait(120)


def test_a_helper_that_waits_is_told_of_the_end_of_the_preparation() -> None:
    entry = Entry(RECORD, parse_pod(pod(RUNNING, BUSY)), seen_at=MADE)
    answer = judge(entry, MADE + 101, LATE)
    assert isinstance(answer, Tell)
    assert answer.told.defer.startswith("prepare timeout: the pod was not ready within 1m40s")


@pytest.mark.parametrize(
    "raw", [pod(RUNNING, RUNNING), pod(ended(137, "OOMKilled"), BUSY), pod(RUNNING, ended(1))]
)
def test_what_is_ready_or_lost_is_not_late(raw: RawPod) -> None:
    answer = judge(Entry(RECORD, parse_pod(raw), seen_at=MADE), MADE + 101, LATE)
    assert not isinstance(answer, SpeakFor) or "prepare" not in answer.lines[0]
    assert not isinstance(answer, Tell) or "prepare" not in answer.told.defer
