"""Which texts the log of a job must not show, and our own sentences on it."""

from __future__ import annotations

import pytest

from golden.cases import read_case
from podlane.core.job.payload import Credential, Features, Job, Variable
from podlane.core.plan.make import make_plan
from podlane.core.plan.trace import mask_for
from podlane.core.pod.record import encode_plan, mask_lines
from podlane.core.text.token import Token

JOB = Job(
    id=1,
    token=Token("glcbt-job-token"),
    variables=(
        Variable("WORD", "  s3cret word ", masked=True),
        Variable("JOINED", "<$WORD>", masked=True),
        Variable("CLEAR", "clear"),
    ),
    credentials=(Credential(password=Token("registry-password")),),
    features=Features(token_mask_prefixes=("acme-",)),
)
SAID = "no s3cret word, s3cret%20word, <s3cret word>, registry-password or acme-abc in clear"
MASKED = "no [MASKED], [MASKED], <[MASKED]>, [MASKED] or acme-[MASKED] in clear"


def test_a_refusal_is_masked_before_there_is_a_plan() -> None:
    assert mask_for(JOB, (SAID, "hint: glcbt-job-token")) == (MASKED, "hint: [MASKED]")


def test_a_job_whose_variables_explode_is_masked_by_what_was_sent() -> None:
    bomb = (Variable("A", "x" * 1_000_000), Variable("B", "$A" * 100))
    job = Job(1, Token("t"), variables=(*JOB.variables, *bomb))
    assert mask_for(job, ("s3cret word",)) == ("[MASKED]",)


def test_the_manager_s_sentences_are_masked_by_the_plan() -> None:
    _, context = read_case("plain")
    packed = encode_plan(make_plan(JOB, context))
    said = SAID.replace("<s3cret word>", "<  s3cret word >")
    expected = MASKED.replace("<[MASKED]>", "[MASKED]")
    assert mask_lines(packed, (said,)) == (expected,)
    with pytest.raises(ValueError, match="no plan"):
        mask_lines(packed[:50], (said,))
