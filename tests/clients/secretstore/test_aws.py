"""AWS Secrets Manager and STS, by moto's server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.secretstore.read import SecretStore
from podlane.core.job.secret import Aws
from podlane.core.text import token
from podlane.errors import Rejected
from stores.process import running

REGION = "eu-central-1"
ROLE = "arn:aws:iam::123456789012:role/ci"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    def command(port: int) -> tuple[str, ...]:
        return (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))

    with running(command, "127.0.0.1", tmp_path_factory.mktemp("moto")) as port:
        url = f"http://127.0.0.1:{port}"
        client: Any = boto3.client(
            "secretsmanager",
            region_name=REGION,
            endpoint_url=url,
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        client.create_secret(Name="plain", SecretString="aws-value")
        client.create_secret(Name="flat", SecretString='{"password": "inner", "port": 5432}')
        client.create_secret(Name="bytes", SecretBinary=b"binary-value")
        client.put_secret_value(SecretId="plain", SecretString="newer-value")
        client.close()
        yield url


@pytest.fixture
def store(aws: str) -> Iterator[SecretStore]:
    http = BlockingHttp(user_agent="test")
    yield SecretStore(http, {"AWS_ENDPOINT_URL": aws}, "9001-42-pod")
    http.close()


def secret(**changes: Any) -> Aws:
    server = {"jwt": "eyJ-the-jobs-token", "role_arn": ROLE, "region": REGION}
    return token.convert({"secret_id": "plain", "server": server} | changes, Aws)


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({}, "newer-value"),
        ({"version_stage": "AWSPREVIOUS"}, "aws-value"),
        ({"secret_id": "flat", "field": "password"}, "inner"),
        ({"secret_id": "flat", "field": "port"}, "5432"),
        ({"secret_id": "flat", "field": "none"}, None),
        ({"secret_id": "bytes"}, "binary-value"),
        ({"region": REGION, "role_arn": ROLE, "server": {"jwt": "eyJ-other"}}, "newer-value"),
    ],
)
def test_it_is_read_by_the_jobs_token(store: SecretStore, changes: Any, value: str | None) -> None:
    assert store.read(secret(**changes)) == value


def test_it_is_read_as_the_pod_itself(aws: str) -> None:
    environ = {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "AKIAPOD",
        "AWS_SECRET_ACCESS_KEY": "of-the-pod",
        "AWS_REGION": REGION,
    }
    http = BlockingHttp(user_agent="test")
    try:
        assert SecretStore(http, environ, "s").read(secret(server={})) == "newer-value"
        wanted = secret(server={"role_arn": ROLE})
        assert SecretStore(http, environ, "s").read(wanted) == "newer-value"
    finally:
        http.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secret_id": "none"}, "can't find the specified secret"),
        ({"field": "password"}, "no flat JSON object"),
    ],
)
def test_what_is_not_there(store: SecretStore, changes: Any, words: str) -> None:
    with pytest.raises(Rejected, match=words) as found:
        store.read(secret(**changes))
    assert "eyJ" not in str(found.value)


def test_nobody_to_be() -> None:
    http = BlockingHttp(user_agent="test")
    environ = {"AWS_EC2_METADATA_DISABLED": "true"}
    with pytest.raises(Rejected, match="no AWS credentials"):
        SecretStore(http, environ, "s").read(secret(server={}))
    http.close()
