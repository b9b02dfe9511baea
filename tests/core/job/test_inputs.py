"""Job inputs: where they are put, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from podlane.core.job.inputs import put_inputs
from podlane.core.job.payload import Job, parse_job
from podlane.errors import JobRefused

X = "${{ job.inputs.x }}"


def job(inputs: list[dict[str, Any]], **parts: Any) -> Job:
    return parse_job(json.dumps({"id": 1, "token": "t", "inputs": inputs, **parts}).encode())


def of(kind: str, content: Any, *, sensitive: bool = False) -> list[dict[str, Any]]:
    value = {"type": kind, "content": content, "sensitive": sensitive}
    return [{"key": "x", "value": value}]


def test_inputs_go_where_gitlab_says() -> None:
    user = {"kubernetes": {"user": X}}
    image = {"name": X, "entrypoint": [X], "pull_policy": [X], "executor_opts": user}
    made = put_inputs(
        job(
            of("string", "in"),
            steps=[{"name": name, "script": [f"a {X}", X]} for name in ("script", "after_script")],
            image=image,
            services=[image | {"alias": X, "command": [X]}],
            artifacts=[{"name": X, "paths": [X], "exclude": [X], "when": X, "expire_in": X}],
            cache=[{"key": X, "paths": [X], "policy": X, "when": X, "fallback_keys": [X]}],
            hooks=[{"name": "pre_get_sources_script", "script": [X]}],
            variables=[{"key": "A", "value": X}],
        )
    )
    assert [step.script for step in made.steps] == [("a in", "in")] * 2
    for one in (made.image, made.services[0]):
        assert (one.name, one.entrypoint, one.pull_policy) == ("in", ("in",), ("in",))
        assert one.executor_opts.kubernetes["user"] == "in"
    assert (made.services[0].alias, made.services[0].command) == ("in", ("in",))
    artifact, cache = made.artifacts[0], made.cache[0]
    assert (artifact.name, artifact.paths, artifact.exclude) == ("in", ("in",), ("in",))
    assert (artifact.when, artifact.expire_in) == ("in", "in")
    assert (cache.key, cache.paths, cache.policy, cache.when) == ("in", ("in",), "in", "in")
    assert cache.fallback_keys == ("in",)
    assert made.hooks[0].script == (X,)
    assert made.variables[0].value == X


def test_without_inputs_nothing_is_touched() -> None:
    asked = job([], steps=[{"name": "script", "script": [X, "${{ ("]}])
    assert put_inputs(asked) is asked


@pytest.mark.parametrize(
    ("kind", "content"),
    [("string", 1), ("number", "1"), ("number", True), ("array", {}), ("struct", []), ("odd", "a")],
)
def test_a_value_that_is_not_as_announced_is_refused(kind: str, content: Any) -> None:
    with pytest.raises(JobRefused, match="not as announced: `x`") as refusal:
        put_inputs(job(of(kind, content)))
    assert refusal.value.failure_reason == "runner_configuration_error"


@pytest.mark.parametrize(
    "inputs", [[{"key": "x"}], [{}], [{"key": "x", "value": {"type": "string"}}]]
)
def test_half_an_input_is_refused(inputs: list[dict[str, Any]]) -> None:
    with pytest.raises(JobRefused, match="not as announced"):
        put_inputs(job(inputs))


def test_a_refusal_names_the_place_and_no_value() -> None:
    asked = job(of("string", "s3cret", sensitive=True), image={"name": f"repo/{X}"})
    with pytest.raises(
        JobRefused, match=r"the image \(name\): it uses a sensitive input"
    ) as refusal:
        put_inputs(asked)
    assert "s3cret" not in str(refusal.value)
    unused = job(
        of("string", "s3cret", sensitive=True), steps=[{"name": "script", "script": ["a"]}]
    )
    assert put_inputs(unused).steps[0].script == ("a",)


def test_inputs_cannot_ask_for_gigabytes() -> None:
    asked = job(of("string", "x" * 1_000_000), steps=[{"name": "s", "script": [X * 20]}])
    with pytest.raises(JobRefused, match="16 MiB"):
        put_inputs(asked)
