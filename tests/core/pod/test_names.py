"""Names and label values are what Kubernetes takes, whatever a job is called."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from podlane.core.pod import names
from podlane.core.text.token import Token

LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
DNS = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@given(st.text(max_size=200))
def test_label_values_are_valid(text: str) -> None:
    assert LABEL.fullmatch(names.label_value(text))


@given(st.text(max_size=80), st.integers(1, 10**12), st.integers(0, 99))
def test_object_names_are_valid(runner_token: str, job_id: int, attempt: int) -> None:
    key = names.runner_key("https://gitlab.test/", Token(runner_token))
    record = names.record_name(key, job_id)
    for name in (names.pod_name(record, attempt), f"{record}-plan-3", f"{record}-env-12"):
        assert DNS.fullmatch(name)
    assert LABEL.fullmatch(key)


def test_what_is_a_record() -> None:
    labels = {names.RUNNER: "abc-123456", names.JOB_ID: "7"}
    assert names.is_record("runner-abc-123456-job-7", labels)
    assert not names.is_record("runner-abc-123456-job-7-env-0", labels)
    assert not names.is_record("runner-abc-123456-job-7", labels | {names.JOB_ID: "8"})
    assert not names.is_record("runner--job-", {})
    assert names.record_of("runner-abc-123456-job-7-12") == "runner-abc-123456-job-7"


def test_two_runners_never_share_a_name() -> None:
    one = names.runner_key("https://a.test", Token("glrt-samestart1"))
    assert one != names.runner_key("https://b.test", Token("glrt-samestart1"))
    assert one != names.runner_key("https://a.test", Token("glrt-samestart2"))
    assert one == names.runner_key("https://a.test/", Token("glrt-samestart1"))
