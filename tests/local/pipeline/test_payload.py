"""A job's payload as GitLab sends it: each part, and the order of variables."""

from __future__ import annotations

from typing import Any

import pytest

from local.pipeline.making import ATTEMPT, FACTS, facts, pipeline
from podlane.core.job.payload import parse_job
from podlane.core.text.token import encode_revealed
from podlane.local.pipeline import payload
from podlane.local.pipeline.facts import Facts, MergeRequest
from podlane.local.pipeline.payload import Finished


def build(text: str, given: Facts = FACTS, *before: Finished) -> dict[str, Any]:
    made = pipeline(text, given)
    job = next(item for item in made.jobs if item.spec.base_name in ("", "job"))
    return payload.build_payload(made, job, given, ATTEMPT, before)


PARTS: list[tuple[str, str, Any]] = [
    ("image: alpine", "image", {"name": "alpine", "entrypoint": None, "executor_opts": {},
     "ports": [], "pull_policy": None}),
    ("image: {name: a, entrypoint: [''], pull_policy: always, kubernetes: {user: 1001}}", "image",
     {"name": "a", "entrypoint": [""], "ports": [], "pull_policy": ["always"],
      "executor_opts": {"kubernetes": {"user": 1001}}}),
    ("image: {name: a, docker: {platform: arm64, user: dave}}", "image",
     {"name": "a", "entrypoint": None, "ports": [], "pull_policy": None,
      "executor_opts": {"docker": {"platform": "arm64", "user": "dave"}}}),
    ("services: [{name: 'docker:dind', alias: d, command: [x], variables: {A: 1}}]", "services",
     [{"name": "docker:dind", "alias": "d", "command": ["x"], "entrypoint": None,
       "executor_opts": {}, "ports": [], "pull_policy": None,
       "variables": [{"key": "A", "value": "1"}]}]),
    ("artifacts: {paths: [out], exclude: [out/t], expire_in: 1 week, when: always}", "artifacts",
     [{"name": None, "untracked": False, "paths": ["out"], "when": "always",
       "expire_in": "1 week", "artifact_type": "archive", "artifact_format": "zip",
       "exclude": ["out/t"]}]),
    ("artifacts: {reports: {junit: [a.xml], coverage_report: {coverage_format: cobertura,"
     " path: c.xml}, sast: s.json}}", "artifacts",
     [{"name": "junit.xml", "paths": ["a.xml"], "when": "always", "expire_in": None,
       "artifact_type": "junit", "artifact_format": "gzip"},
      {"name": "cobertura-coverage.xml", "paths": ["c.xml"], "when": "always", "expire_in": None,
       "artifact_type": "cobertura", "artifact_format": "gzip"},
      {"name": "gl-sast-report.json", "paths": ["s.json"], "when": "always", "expire_in": None,
       "artifact_type": "sast", "artifact_format": "raw"}]),
    ("tags: [a]", "artifacts", None),
    ("cache: {key: $CI_COMMIT_REF_SLUG, paths: [c], fallback_keys: [f]}", "cache",
     [{"key": "$CI_COMMIT_REF_SLUG-protected", "untracked": False, "policy": "pull-push",
       "paths": ["c"], "when": "on_success", "fallback_keys": ["f-protected"]}]),
    ("hooks: {pre_get_sources_script: [echo hi]}", "hooks",
     [{"name": "pre_get_sources_script", "script": ["echo hi"]}]),
    ("timeout: 1h 30m", "runner_info", {"timeout": 5400, "uuid": "", "runner_session_url": None}),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "name", "expected"), PARTS)
def test_part(keys: str, name: str, expected: Any) -> None:
    assert build(f"job:\n  script: x\n  {keys}\n")[name] == expected


def test_steps() -> None:
    steps = build("""
        job: {before_script: [a], script: [b, c], after_script: [d], timeout: 60}
    """)["steps"]
    assert [(step["name"], step["script"], step["when"]) for step in steps] == [
        ("script", ["a", "b", "c"], "on_success"),
        ("after_script", ["d"], "always"),
    ]
    assert [step["allow_failure"] for step in steps] == [False, True]


def test_the_manager_reads_it() -> None:
    job = parse_job(encode_revealed(build("job: {script: x, variables: {A: b}}")))
    assert job.job_info.name == "job"
    assert job.steps[0].script == ("x",)


def test_refspecs_of_branch_tag_merge_request_and_whole_history() -> None:
    text = "job: {script: x, rules: [{when: always}], variables: {GIT_DEPTH: '%s'}}"
    pipe = "+refs/pipelines/1:refs/pipelines/1"
    merge = facts(merge_request=MergeRequest("main", "main"), source="merge_request_event")
    rows = [
        (FACTS, "5", [pipe, "+refs/heads/main:refs/remotes/origin/main"]),
        (facts(is_tag=True, ref="v1"), "5", [pipe, "+refs/tags/v1:refs/tags/v1"]),
        (merge, "5", [pipe]),
        (FACTS, "0", [pipe, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]),
    ]
    for given, depth, refspecs in rows:
        git = build(text % depth, given)["git_info"]
        assert git["refspecs"] == refspecs
        assert git["depth"] == int(depth)
    assert build(text % "5", merge)["git_info"]["ref"] == "refs/merge-requests/1/head"


def test_dependencies_carry_the_jobs_own_token_and_dotenv_is_private() -> None:
    made = build(
        "job: {script: x, variables: {B: $V}}",
        FACTS,
        Finished(7, "build", size=9, dotenv=(("V", "8"),)),
        Finished(8, "none"),
    )
    assert made["dependencies"] == [
        {"id": 7, "name": "build", "token": "glcbt-1",
         "artifacts_file": {"filename": "artifacts.zip", "size": 9}},
        {"id": 8, "name": "none", "token": "glcbt-1"},
    ]  # fmt: skip
    found = {item["key"]: item for item in made["variables"]}
    assert (found["V"]["value"], found["V"]["public"]) == ("8", False)
    assert found["B"]["value"] == "8"


def test_later_kinds_of_variables_win() -> None:
    made = build(
        """
        variables: {A: global, B: global, C: global, D: global}
        job:
          script: x
          parallel: {matrix: [{C: matrix}]}
          variables: {B: job, C: job, D: job}
          rules: [{variables: {D: rule}}]
        """,
        facts(variables=(("A", "pipeline"),)),
    )
    values = {item["key"]: item["value"] for item in made["variables"]}
    assert [values[key] for key in "ABCD"] == ["pipeline", "job", "matrix", "rule"]
    assert (values["CI_NODE_INDEX"], values["CI_NODE_TOTAL"]) == ("1", "1")
    assert values["CI_JOB_GROUP_NAME"] == "job"
    assert values["CI_JOB_NAME_SLUG"] == "job---matrix"


def test_the_token_is_masked_and_private() -> None:
    found = {item["key"]: item for item in build("job: {script: x}")["variables"]}
    for key in ("CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD"):
        assert (found[key]["public"], found[key]["masked"]) == (False, True)


def test_environment() -> None:
    made = build("""
        job: {script: x, environment: {name: review/$CI_COMMIT_REF_SLUG, url: "https://x/$CI_COMMIT_REF_SLUG"}}
    """)
    values = {item["key"]: item["value"] for item in made["variables"]}
    assert values["CI_ENVIRONMENT_NAME"] == "review/main"
    assert values["CI_ENVIRONMENT_SLUG"].startswith("review-main-")
    assert values["CI_ENVIRONMENT_URL"] == "https://x/main"
    assert values["CI_ENVIRONMENT_TIER"] == "development"


KEYS = [
    ("{files: [README.md], prefix: p}", "p-56e892b750b146f39a486af8c31d555e9c771b3e"),
    ("{files: [README.md]}", "0-56e892b750b146f39a486af8c31d555e9c771b3e"),
    ("{files: [gone]}", "0-default"),
    ("text", "text"),
]


@pytest.mark.parametrize(("key", "expected"), KEYS)
def test_cache_key(key: str, expected: str) -> None:
    made = build(f"job: {{script: x, cache: {{key: {key}, paths: [c]}}}}")
    found = made["cache"][0]["key"]
    assert found == f"{expected}-protected"
