"""Which jobs are in the pipeline, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from local.pipeline.making import facts, pipeline
from podlane.local.pipeline.facts import MergeRequest

MERGE = {"source": "merge_request_event", "merge_request": MergeRequest("main", "main")}
ROWS: list[tuple[str, dict[str, Any], tuple[bool, str, bool]]] = [
    ("", {}, (True, "on_success", False)),
    ("when: manual", {}, (True, "manual", True)),
    ("rules: [{when: manual}]", {}, (True, "manual", False)),
    ("rules: []", {}, (False, "on_success", False)),
    ("rules: null", {}, (True, "on_success", False)),
    ("rules: [{if: $X}]", {}, (False, "on_success", False)),
    ("rules: [{if: $X}]", {"variables": (("X", "1"),)}, (True, "on_success", False)),
    ("rules: [{if: $CI_COMMIT_BRANCH, when: always}]", {}, (True, "always", False)),
    ("rules: [{if: $CI_COMMIT_TAG, when: never}, {allow_failure: true}]", {},
     (True, "on_success", True)),
    ("rules: [{changes: [src/*.py]}]", {"changed": ("src/a.py",)}, (True, "on_success", False)),
    ("rules: [{changes: [src/*.py]}]", {"changed": ("README.md",)}, (False, "on_success", False)),
    ("rules: [{changes: [src/*.py]}]", {"changed": None}, (True, "on_success", False)),
    ("rules: [{changes: {paths: ['$D/**']}}]\n  variables: {D: src}", {"changed": ("src/x/y",)},
     (True, "on_success", False)),
    ("rules: [{changes: {paths: [a], compare_to: dev}}]",
     {"changed": (), "compared": {"dev": ("a",)}}, (True, "on_success", False)),
    ("rules: [{changes: {paths: [a], compare_to: dev}}]",
     {"changed": ("a",), "compared": {"dev": ()}}, (False, "on_success", False)),
    ("rules: [{exists: [ci/]}]", {}, (True, "on_success", False)),
    ("rules: [{exists: [README.md]}]", {}, (True, "on_success", False)),
    ("rules: [{exists: ['**/*.rb']}]", {}, (False, "on_success", False)),
    ("only: [main]", {}, (True, "on_success", False)),
    ("only: [/^ma/]", {}, (True, "on_success", False)),
    ("only: [tags]", {}, (False, "on_success", False)),
    ("only: [tags]", {"is_tag": True, "ref": "v1"}, (True, "on_success", False)),
    ("only: [merge_requests]", MERGE, (True, "on_success", False)),
    ("", MERGE, (False, "on_success", False)),
    ("rules: [{if: $CI_MERGE_REQUEST_IID}]", MERGE, (True, "on_success", False)),
    ("except: [main]", {}, (False, "on_success", False)),
    ("except: {variables: [$X]}", {}, (True, "on_success", False)),
    ("only: {refs: [main], variables: [$X]}", {}, (False, "on_success", False)),
    ("only: {refs: [schedules]}", {"source": "schedule"}, (True, "on_success", False)),
    ("only: [main@other/project]", {}, (False, "on_success", False)),
    ("allow_failure: true", {}, (True, "on_success", True)),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "changes", "expected"), ROWS)
def test_a_job(keys: str, changes: dict[str, Any], expected: tuple[bool, str, bool]) -> None:
    made = pipeline(f"keep: {{script: x, rules: [when: always]}}\njob:\n  script: x\n  {keys}\n",
                    facts(**changes))  # fmt: skip
    job = next(item for item in (*made.jobs, *made.absent) if item.name == "job")
    assert (job.is_in, job.when, job.allow_failure) == expected
    assert job.why
    assert job.place.line


def test_the_rule_and_its_line_are_told() -> None:
    made = pipeline("""
        job:
          script: x
          rules:
            - if: $CI_COMMIT_TAG
            - if: $CI_COMMIT_BRANCH == "main"
              changes: [a, b]
              variables: {R: rule}
        out:
          script: x
          rules:
            - if: $CI_COMMIT_BRANCH
              when: never
    """)
    job, out = made.jobs[0], made.absent[0]
    assert (job.why, job.place.line) == ('if: $CI_COMMIT_BRANCH == "main"; changes: a, b', 6)
    assert [(item.key, item.value) for item in job.variables] == [("R", "rule")]
    assert (out.why, out.place.line) == ("if: $CI_COMMIT_BRANCH -> never", 12)


def test_workflow_rules_decide_on_the_pipeline_and_set_variables() -> None:
    text = """
        workflow:
          name: for $CI_COMMIT_BRANCH in $MODE
          rules:
            - if: $CI_COMMIT_BRANCH == "main"
              variables: {MODE: fast}
        variables: {MODE: slow}
        job: {script: x, rules: [{if: $MODE == "fast"}]}
    """
    assert pipeline(text).name == "for main in fast"
    none = pipeline(text, facts(ref="other"))
    assert "workflow:rules allow no pipeline" in none.why_none
    assert none.jobs == ()
    assert [job.name for job in none.absent] == ["job"]


def test_jobs_of_pre_and_post_alone_make_no_pipeline() -> None:
    assert "no job" in pipeline("a: {script: x, only: [tags]}").why_none
    assert ".post" in pipeline("a: {script: x, stage: .post}").why_none


def test_rules_may_replace_needs() -> None:
    made = pipeline("""
        a: {script: x, stage: build}
        b: {script: x, needs: [a], rules: [{if: $CI, needs: []}]}
    """)
    assert made.jobs[1].needs == ()
