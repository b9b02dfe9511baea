"""Registry credentials: who wins, and what is left out."""

from __future__ import annotations

import base64
import json

import pytest

from podlane.core.job import variables
from podlane.core.job.payload import Job, parse_job
from podlane.core.pod.credentials import auths, docker_config


def _job(config: str) -> Job:
    return parse_job(
        json.dumps(
            {
                "id": 1,
                "token": "t",
                "variables": [{"key": "DOCKER_AUTH_CONFIG", "value": config, "raw": True}],
                "credentials": [
                    {"type": "registry", "url": "own.test", "username": "u", "password": "p"},
                    {"type": "registry", "url": "", "username": "u", "password": "p"},
                    {"type": "docker", "url": "other.test", "username": "u", "password": "p"},
                ],
            }
        ).encode()
    )


def _auths(config: str) -> dict[str, dict[str, str]]:
    job = _job(config)
    return auths(job, variables.resolve(job.variables, ""))


OWN = {"own.test": {"auth": base64.b64encode(b"u:p").decode()}}


@pytest.mark.parametrize(
    "config", ["", "{", "[]", "null", '{"auths": []}', '{"auths": {"a": 1}}', '{"credsStore": "x"}']
)
def test_nonsense_is_left_out(config: str) -> None:
    assert _auths(config) == OWN


def test_the_job_s_own_entry_wins() -> None:
    pair = base64.b64encode(b"mine:secret").decode()
    assert _auths(json.dumps({"auths": {"own.test": {"auth": pair}}})) == {
        "own.test": {"auth": pair}
    }


def test_user_and_password_become_the_pair() -> None:
    found = _auths(json.dumps({"auths": {"a.test": {"username": "é", "password": "x:y"}}}))
    assert base64.b64decode(found["a.test"]["auth"]).decode() == "é:x:y"


def test_no_credentials_are_still_a_docker_config() -> None:
    assert json.loads(docker_config({})) == {"auths": {}}
