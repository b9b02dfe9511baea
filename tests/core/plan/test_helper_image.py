"""The helper's image: podlane's own, whatever gitlab-runner's helper the config names."""

from __future__ import annotations

import msgspec
import pytest

from core.plan import ask
from podlane.core.config.image_notes import is_gitlab_runners
from podlane.core.config.parse import parse

CONFIG = """
[[runners]]
url = "https://gitlab.test"
token = "t"
[runners.kubernetes]
image = "busybox"
{}
"""


@pytest.mark.parametrize(
    ("name", "is_theirs"),
    [
        ("registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper:x86_64-v17.5.0", True),
        ("gitlab/gitlab-runner-helper:alpine-latest-x86_64-v17.5.0-pwsh", True),
        ("mirror.test:5000/a/b/gitlab-runner-helper@sha256:00ff", True),
        ("mirror.test/gitlab-runner-helper", True),
        ("mirror.test/gitlab-runner-helper-ocp:amd64-v17", True),
        ("gitlab-runner-helper:${CI_RUNNER_VERSION}", True),
        ("$MIRROR/gitlab-runner-helper:v1/x", False),
        ("mirror.test/gitlab-runner-helper/podlane:1", False),
        ("mirror.test/my-gitlab-runner-helper:1", False),
        ("mirror.test/podlane:gitlab-runner-helper", False),
        ("podlane/podlane:1", False),
        ("", False),
    ],
)
def test_told_by_its_name(name: str, is_theirs: bool) -> None:
    assert is_gitlab_runners(name) is is_theirs


def image(line: str = "", own: str = "podlane:own", **variables: str) -> str:
    job = ask.job(variables=[{"key": key, "value": value} for key, value in variables.items()])
    where = msgspec.structs.replace(ask.context(line), helper_image=own)
    return str(ask.containers(job, where)["helper"]["image"])


def test_whose_image_runs() -> None:
    theirs = 'helper_image = "mirror.test/gitlab-runner-helper:v17"'
    assert image(theirs) == "podlane:own"
    assert image('helper_image_flavor = "ubuntu"') == "podlane:own"
    assert image('helper_image = "mirror.test/podlane:1"') == "mirror.test/podlane:1"
    assert image('helper_image = " $MIRROR/podlane:1"', MIRROR="m.test") == "m.test/podlane:1"
    assert image(theirs, own="") == image(own="") == "podlane/podlane:0"


def test_the_config_is_warned_of_once_a_key() -> None:
    text = 'helper_image = "m.test/gitlab-runner-helper:v1"\nhelper_image_flavor = "ubuntu"'
    _, notes = parse(CONFIG.format(text), {})
    assert sorted((one.kind, one.line) for one in notes) == [("moot", 7), ("moot", 8)]
    said = " ".join(one.message for one in notes)
    assert "`[[runners]] #1 kubernetes.helper_image` is gitlab-runner's helper" in said
    assert "(m.test/gitlab-runner-helper:v1)" in said
    assert "helper_image_flavor` has no effect" in said
    assert parse(CONFIG.format('helper_image = "m.test/podlane:1"'), {})[1] == ()


def test_pull_secrets_beside_the_account_s_are_warned_of() -> None:
    text = 'image_pull_secrets = ["a"]\nuse_service_account_image_pull_secrets = true'
    _, (note,) = parse(CONFIG.format(text), {})
    assert (note.kind, note.line) == ("moot", 7)


def test_a_job_may_always_use_the_helper_s_own_image() -> None:
    where = ask.context('allowed_images = ["other:*"]')
    assert ask.plan(ask.job(image={"name": "podlane:0"}), where).image == "podlane:0"


def test_a_job_is_told_only_what_its_variables_make_of_it() -> None:
    where = ask.context('helper_image = "$HELPER"')
    name = "m.test/gitlab-runner-helper:v1"
    job = ask.job(variables=[{"key": "HELPER", "value": name}])
    assert "`helper_image` is gitlab-runner's" in ask.warnings(job, where)
    assert ask.warnings(job, ask.context(f'helper_image = "{name}"')) == ""
