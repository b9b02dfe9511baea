"""The job's image: its user, its entrypoint, its pull policies, and which are allowed."""

from __future__ import annotations

from typing import Any

import pytest

from core.plan import ask
from podlane.core.job.payload import Job
from podlane.errors import JobRefused


def with_user(user: Any) -> Job:
    opts = {"kubernetes": {"user": user}}
    return ask.job(image={"name": "a", "executor_opts": opts})


OWN = "[runners.kubernetes.build_container_security_context]\nrun_as_user = 1003"
POD = "[runners.kubernetes.pod_security_context]\nrun_as_user = 1004"
USERS = [  # what the job says, the config, uid, gid, the warning
    ("1002", "", 1002, None, ""),
    (1002, "", 1002, None, ""),
    ("1002:1002", "", 1002, 1002, ""),
    ("$WHO", "", 1005, None, ""),
    ("1002", OWN, 1003, None, "security context decides"),
    ("1002", POD, 1004, None, "security context decides"),
    ("node", "", None, None, "in numbers"),
    ("-1", "", None, None, "in numbers"),
    ("99999999999", "", None, None, "in numbers"),
    ("4294967296", "", None, None, "in numbers"),
    ("0", "", None, None, "root's"),
    ("1002:0", "", 1002, None, "root's"),
    ("0", 'allowed_users = ["0"]', 0, None, ""),
    ("1002:0", 'allowed_groups = ["0"]', 1002, 0, ""),
    ("1002", 'allowed_users = ["1001", "1002"]', 1002, None, ""),
    ("1002", 'allowed_users = ["1001"]', None, None, "not in `allowed_users`"),
    ("1002:5", 'allowed_groups = ["5"]', 1002, 5, ""),
    ("1002:5", 'allowed_groups = ["6"]', 1002, None, "not in `allowed_groups`"),
    ("1002:6", 'allowed_users = ["1"]\nallowed_groups = ["6"]', None, None, "not in"),
]


@pytest.mark.parametrize(("user", "config", "uid", "gid", "warning"), USERS)
def test_who_runs_the_scripts(
    user: Any, config: str, uid: int | None, gid: int | None, warning: str
) -> None:
    variables = [{"key": "WHO", "value": "1005"}]
    opts = {"kubernetes": {"user": user}}
    asked = ask.job(image={"name": "a", "executor_opts": opts}, variables=variables)
    where = ask.context(config)
    owner = ask.plan(asked, where).owner
    assert (owner.uid, owner.gid) == (uid, gid)
    own = ask.containers(asked, where)["build"]["securityContext"]
    if config != POD:  # there the pod's own context says it
        assert (own.get("runAsUser"), own.get("runAsGroup")) == (uid, gid)
    said = ask.warnings(asked, where)
    assert bool(said) == bool(warning)
    assert warning in said


def test_helper_never_gets_the_jobs_user() -> None:
    assert ask.containers(with_user("1002"))["helper"]["securityContext"]["runAsUser"] == 0


def test_a_user_for_docker_is_said_to_mean_nothing_here() -> None:
    opts: dict[str, Any] = {"docker": {"user": "node", "platform": "linux/amd64"}}
    asked = ask.job(image={"name": "a", "executor_opts": opts})
    said = [note.text for note in ask.plan(asked).notes]
    assert "image:docker:user means nothing here; image:kubernetes:user does" in said
    opts["kubernetes"] = {"user": "5"}
    asked = ask.job(image={"name": "a", "executor_opts": opts})
    assert not any("docker" in note.text for note in ask.plan(asked).notes)


BAD_OPTIONS = [
    ({"image": {"name": "a", "executor_opts": {"docker": {"gpus": "all"}}}}, "image", "gpus"),
    (
        {"image": {"name": "a", "executor_opts": {"kubernetes": {"user": "1", "uid": 1}}}},
        "image",
        "uid",
    ),
    ({"services": [{"name": "a", "executor_opts": {"docker": {"x": 1}}}]}, "service", "x"),
]


@pytest.mark.parametrize(("parts", "what", "name"), BAD_OPTIONS)
def test_an_option_that_nobody_knows_is_refused(
    parts: dict[str, Any], what: str, name: str
) -> None:
    with pytest.raises(JobRefused, match=f"Unsupported {what} options for .*: {name} ") as caught:
        ask.plan(ask.job(**parts))
    assert (caught.value.failure_reason, caught.value.exit_code) == ("runner_system_failure", 3)


def with_entrypoint(words: list[str] | None, *, is_kept: bool = True) -> Job:
    flag = {"key": "FF_KUBERNETES_HONOR_ENTRYPOINT", "value": str(is_kept).lower()}
    return ask.job(image={"name": "a", "entrypoint": words}, variables=[flag])


def test_entrypoint_is_left_out_unless_asked_for() -> None:
    build = ask.containers(with_entrypoint(["/own"], is_kept=False))["build"]
    assert build["command"][:2] == ["sh", "-c"]
    assert "args" not in build
    assert "envFrom" not in build


@pytest.mark.parametrize(("words", "command"), [(None, None), (["/own", "a$b"], ["/own", "a$$b"])])
def test_entrypoint_that_is_kept_comes_before_the_loop(
    words: list[str] | None, command: list[str] | None
) -> None:
    asked = with_entrypoint(words)
    build = ask.containers(asked)["build"]
    assert build.get("command") == command
    assert build["args"][:2] == ["sh", "-c"]
    assert build["envFrom"][0]["secretRef"]["name"].endswith("-env")
    assert build["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert ask.plan(asked).entrypoint == tuple(words or ())


def test_an_empty_entrypoint_takes_the_images_away() -> None:
    build = ask.containers(with_entrypoint([""]))["build"]
    assert build["command"][:2] == ["sh", "-c"]


ALLOWED = 'allowed_images = ["registry.test/**", "ruby:*", "alpine:[0-9]"]'


@pytest.mark.parametrize("name", ["registry.test/a/b:1", "ruby:3", "alpine:3", "busybox:1", ""])
def test_an_image_that_is_allowed(name: str) -> None:
    assert ask.plan(ask.job(image={"name": name}), ask.context(ALLOWED))


@pytest.mark.parametrize("name", ["registry.test.evil/a", "ruby", "python:3", "xruby:3"])
def test_an_image_that_is_not_allowed(name: str) -> None:
    with pytest.raises(JobRefused, match=r"(?s)does not allow.*allowed_images.*- ruby:\*"):
        ask.plan(ask.job(image={"name": name}), ask.context(ALLOWED))


CONFLICTS = [
    (["always"], 'allowed_pull_policies = ["never"]', "pipeline's .* always .* never .*allowed_"),
    (["always"], 'pull_policy = ["never"]', r"pipeline's .* always .* only never \(pull_policy"),
    (["always"], "", "pipeline's .* always .* only the cluster's own"),
    (
        [],
        'pull_policy = "always"\nallowed_pull_policies = ["never"]',
        "runner's `pull_policy` asks for always .* only never",
    ),
    ([], 'allowed_pull_policies = ["never"]', "Neither job nor runner .* only never"),
    (["sometimes"], "", "no pull policy 'sometimes'"),
]


@pytest.mark.parametrize(("asked", "config", "said"), CONFLICTS)
def test_pull_policies_that_conflict_name_both_sides(
    asked: list[str], config: str, said: str
) -> None:
    with pytest.raises(JobRefused, match=said):
        ask.plan(ask.job(image={"name": "a", "pull_policy": asked}), ask.context(config))


def test_pull_policies_that_are_left_are_tried_in_the_jobs_order() -> None:
    where = ask.context('allowed_pull_policies = ["always", "if-not-present"]')
    asked = ask.job(image={"name": "a", "pull_policy": ["if-not-present", "never", "always"]})
    said = [note.text for note in ask.plan(asked, where).notes]
    assert "Using effective pull policy of [IfNotPresent, Always] for container build" in said
    assert ask.containers(asked, where)["build"]["imagePullPolicy"] == "IfNotPresent"


def test_references_in_names_stand_for_their_values() -> None:
    variables = [{"key": "V", "value": "3"}]
    asked = ask.job(
        image={"name": "alpine:$V"},
        services=[{"name": "redis:$V", "alias": "r$V"}],
        variables=variables,
    )
    made = ask.containers(asked, ask.context('helper_image = "podlane:$V"'))
    images = {name: one["image"] for name, one in made.items()}
    assert images == {"helper": "podlane:3", "build": "alpine:3", "r3": "redis:3"}
    said = [note.text for note in ask.plan(asked).notes]
    assert "Using Kubernetes executor with image alpine:3 ..." in said
