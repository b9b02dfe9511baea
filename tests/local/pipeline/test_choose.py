"""Naming jobs: instances, needs, artifacts, manual jobs."""

from __future__ import annotations

import pytest

from local.pipeline.making import pipeline
from podlane.errors import ConfigError
from podlane.local.pipeline.choose import choose_jobs

TEXT = """
    stages: [build, test, deploy]
    build: {stage: build, script: x, artifacts: {paths: [o]}}
    lint: {stage: build, script: x}
    test: {stage: test, script: x, parallel: 2}
    pick: {stage: test, script: x, needs: [lint]}
    free: {stage: deploy, script: x, needs: [], when: manual}
    none: {stage: deploy, script: x, dependencies: []}
    out: {script: x, only: [tags]}
"""
ROWS = [
    (["test"], True, ["build", "test 1/2", "test 2/2"]),
    (["test 2/2"], True, ["build", "test 2/2"]),
    (["test"], False, ["test 1/2", "test 2/2"]),
    (["pick"], True, ["lint", "pick"]),
    (["pick"], False, ["pick"]),
    (["free"], True, ["free"]),
    (["none", "lint"], True, ["lint", "none"]),
]


@pytest.mark.parametrize(("names", "with_needs", "expected"), ROWS)
def test_chosen(names: list[str], with_needs: bool, expected: list[str]) -> None:
    made = choose_jobs(pipeline(TEXT), names, with_needs=with_needs)
    assert [job.name for job in made.jobs] == expected
    assert all(job.when == "on_success" for job in made.jobs)
    assert all(need.job in expected for job in made.jobs for need in job.needs or ())


@pytest.mark.parametrize(("name", "words"), [("tset", "did you mean `test`"), ("out", "only:refs")])
def test_not_there(name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        choose_jobs(pipeline(TEXT), [name], with_needs=True)
