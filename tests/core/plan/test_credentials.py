"""Registry credentials: who wins, what is left out, and what is said of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from core.plan import ask
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.credentials import (
    OF_GITLAB,
    OF_JOB,
    OF_MANAGER,
    OF_RUNNER,
    Login,
    docker_config,
    logins,
    registry,
)
from podlane.core.plan.resolve import resolve
from podlane.core.text.token import Token

GITLAB = [
    {"type": "registry", "url": "own.test", "username": "u", "password": "p"},
    {"type": "registry", "url": "", "username": "u", "password": "p"},
    {"type": "docker", "url": "other.test", "username": "u", "password": "p"},
]
OWN = {"own.test": ("u:p", OF_GITLAB)}


def config(**registries: str) -> str:
    """A docker config; `_` in a name stands for its dot."""
    auths = {key.replace("_", "."): {"auth": encoded(pair)} for key, pair in registries.items()}
    return json.dumps({"auths": auths})


def encoded(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


def found(value: str = "", where: RunnerContext | None = None) -> dict[str, tuple[str, str]]:
    where = where or ask.context()
    job = _job(value)
    made = logins(job, where, resolve(job, where).variables)
    return {one.key: (_revealed(one), one.source) for one in made}


def _job(value: str) -> Any:
    variables = [{"key": "DOCKER_AUTH_CONFIG", "value": value, "raw": True}] if value else []
    return ask.job(credentials=GITLAB, variables=variables)


def _revealed(login: Login) -> str:
    return base64.b64decode(login.auth.reveal()).decode()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"auths": []}', '{"auths": {"a": 1}}', '{"credsStore": "x"}']
)
def test_nonsense_is_left_out(text: str) -> None:
    assert found(text) == OWN


def test_the_job_s_own_entry_wins() -> None:
    assert found(config(own_test="mine:secret")) == {"own.test": ("mine:secret", OF_JOB)}


def test_user_and_password_become_the_pair() -> None:
    text = json.dumps({"auths": {"a.test": {"username": "é", "password": "x:y"}}})
    assert found(text)["a.test"] == ("é:x:y", OF_JOB)


def test_whose_word_counts_first() -> None:
    """The job's variable, else the runner's; then the manager's file; then GitLab's own."""
    runner = ask.context().runner
    own = msgspec.structs.replace(
        runner, environment=(f"DOCKER_AUTH_CONFIG={config(a_test='r:1', own_test='r:2')}",)
    )
    manager = Token(config(a_test="m:1", b_test="m:2"))
    where = msgspec.structs.replace(ask.context(), runner=own, docker_config=manager)
    assert found("", where) == {
        "a.test": ("r:1", OF_RUNNER),
        "own.test": ("r:2", OF_RUNNER),
        "b.test": ("m:2", OF_MANAGER),
    }
    assert found(config(b_test="j:1"), where) == {
        "b.test": ("j:1", OF_JOB),
        "a.test": ("m:1", OF_MANAGER),
        **OWN,
    }


def test_the_service_account_s_own_are_the_only_ones() -> None:
    where = ask.context("use_service_account_image_pull_secrets = true\nimage_pull_secrets = ['s']")
    assert found(config(a_test="j:1"), where) == {}
    spec = ask.pod(_job(config(a_test="j:1")), where)["spec"]
    assert "imagePullSecrets" not in spec


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("own.test", "own.test"),
        ("https://Own.Test/", "own.test"),
        ("http://own.test:5000/v2/", "own.test:5000"),
        ("own.test/v1/group", "own.test/group"),
        ("own.test/Group/project", "own.test/Group/project"),
        ("https://user:secret@own.test", "own.test"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("docker.io/library", "docker.io/library"),
        ("", ""),
    ],
)
def test_one_name_for_all_spellings(written: str, name: str) -> None:
    assert registry(written) == name


def test_the_hub_has_one_spelling_that_the_kubelet_knows() -> None:
    assert next(iter(found(config(docker_io="a:1")))) == "https://index.docker.io/v1/"


def test_another_spelling_of_a_registry_is_the_same_registry() -> None:
    text = json.dumps({"auths": {"https://own.test/v2/": {"auth": encoded("mine:1")}}})
    assert found(text) == {"https://own.test/v2/": ("mine:1", OF_JOB)}


def test_credential_helpers_are_named_once_and_their_registries_are_not_lost() -> None:
    whole = json.loads(config(a_test="a:1"))
    whole |= {"credsStore": "ecr-login", "credHelpers": {"gcr.io": "gcloud"}}
    text = json.dumps(whole)
    assert found(text)["a.test"] == ("a:1", OF_JOB)
    said = ask.warnings(_job(text))
    assert said.count("\n") == 0
    assert "credsStore 'ecr-login', credHelpers for 'gcr.io'" in said
    assert "the kubelet runs none" in said


@pytest.mark.parametrize("text", ["{", "[]", "hunter2"])
def test_what_is_no_docker_config_is_said_without_its_text(text: str) -> None:
    said = ask.warnings(_job(text))
    assert "DOCKER_AUTH_CONFIG of the job is no docker config" in said
    assert "hunter2" not in said


def test_no_credentials_are_still_a_docker_config() -> None:
    assert json.loads(docker_config(())) == {"auths": {}}
