"""The sixty scenarios of gitlab-runner's own suite are all here, and few of them end otherwise."""

from __future__ import annotations

import re

import pytest

from harness import scenario
from harness.scenario import Scenario

ROWS = [name for name in scenario.every() if re.match(r"acceptance/\d\d-", name)]
MOST_OTHERWISE = 10


def _rows() -> dict[str, Scenario]:
    return {name: scenario.load(scenario.file(name)) for name in ROWS}


def test_all_sixty_are_here_once() -> None:
    numbers = [int(name.removeprefix("acceptance/")[:2]) for name in ROWS]
    assert numbers == list(range(1, 61))


def test_few_differ_or_cannot_be_played() -> None:
    otherwise = [name for name, row in _rows().items() if row.differs or row.not_here]
    assert len(otherwise) <= MOST_OTHERWISE, otherwise


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_played_on_both_stages_or_says_why_not(name: str) -> None:
    row = scenario.load(scenario.file(name))
    assert row.not_here or row.jobs
    is_on_both = row.stages == scenario.STAGES and not any(job.only for job in row.jobs)
    assert row.not_here or is_on_both or row.why, "say `why` it is played on one stage only"
