"""`keep_failed_pods`: which pods stay once their job is over, and until when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from core.pod.states import DECIDED, DEFERRED, MADE, RECORD, RUNNING, pod, waiting
from podlane.core.job.outcome import FailureReason, failed
from podlane.core.job.word import SIZE_LIMIT, LastWord, encode_word
from podlane.core.pod import names
from podlane.core.pod.state import RawPod, parse_pod
from podlane.core.pod.verdict import Entry, Keep, Patience, Remove, SpeakFor, judge, settled

OUTCOME = '"outcome":{"state":"failed","failure_reason":"script_failure"}'
KEPT = f'{{"state":"accepted",{OUTCOME},"is_kept":true}}'
NOT_KEPT = f'{{"state":"accepted",{OUTCOME}}}'
ASKED: dict[str, Any] = {"metadata": {"annotations": {names.KEEP: "600"}}}
GOING: dict[str, Any] = {
    "metadata": ASKED["metadata"] | {"deletionTimestamp": "1970-01-12T13:46:40Z"}
}


def left(message: str) -> dict[str, Any]:
    """The helper has ended, a hundred seconds after the job was made."""
    end = {"exitCode": 0, "reason": "Completed", "message": message}
    return {"terminated": end | {"finishedAt": "1970-01-12T13:48:20Z"}}


def entry(raw: RawPod, **more: Any) -> Entry:
    return Entry(RECORD, parse_pod(raw), seen_at=MADE + 100, **more)


def test_a_failed_jobs_pod_stays_for_its_time_and_goes() -> None:
    kept = entry(pod(left(KEPT), RUNNING, **ASKED))
    assert judge(kept, MADE + 101, Patience()) == Keep(599)
    assert judge(kept, MADE + 699, Patience()) == Keep(1)
    assert judge(kept, MADE + 700, Patience()) == Remove()


@pytest.mark.parametrize(
    "gone",
    [
        entry(pod(left(NOT_KEPT), RUNNING, **ASKED)),  # succeeded, canceled, or it could not stay
        entry(pod(left(KEPT), RUNNING)),
        entry(pod(left(KEPT), RUNNING, **GOING)),
        entry(pod(left(KEPT), RUNNING, **ASKED), pod_is_gone=True),
        entry(pod(left(KEPT), RUNNING, status={"reason": "DeadlineExceeded"}, **ASKED)),
    ],
)
def test_no_other_pod_stays(gone: Entry) -> None:
    assert judge(gone, MADE + 101, Patience()) == Remove()


def test_what_the_helper_could_not_tell_gitlab_is_told_first() -> None:
    word = DECIDED.removesuffix("}") + ',"is_kept":true}'
    decided = entry(pod(left(word), RUNNING, **ASKED))
    assert isinstance(judge(decided, MADE + 101, Patience()), SpeakFor)
    assert settled(decided, MADE + 101) == Keep(599)


KILLED = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}


@pytest.mark.parametrize(
    ("raw", "stays"),
    [
        (pod(left(DEFERRED), KILLED, **ASKED), True),
        (pod(left("crash"), KILLED, **ASKED), True),
        (pod(left(DEFERRED), waiting("ImagePullBackOff"), **ASKED), False),  # nothing has run
        (pod(RUNNING, KILLED, **ASKED), False),
        (pod(left('{"state":"decided"}'), KILLED, **ASKED), False),
    ],
)
def test_a_pod_that_the_manager_spoke_for(raw: RawPod, *, stays: bool) -> None:
    assert isinstance(settled(entry(raw), MADE + 101), Keep) == stays


def test_the_word_has_room_for_it() -> None:
    long = max(FailureReason, key=len)
    word = LastWord("accepted", failed(long, 255), 2**40, "x" * 40, is_kept=True)
    assert len(encode_word(word)) < SIZE_LIMIT
    assert msgspec.json.decode(encode_word(word), type=LastWord) == word
