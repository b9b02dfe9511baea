"""AWS: each way in which a platform tells a workload who it is, and roles."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from clients.cloudauth.conftest import Hold
from harness.http_server import Call, Said, Server, always, serve
from podlane.clients.cloudauth.aws import (
    Role,
    assume_role,
    bucket_region,
    find_credentials,
    sts_url,
)
from podlane.clients.http.request import Answer
from podlane.core.sign.aws import AwsCredentials, Signer
from podlane.core.text.token import Token
from podlane.errors import Rejected, Unavailable

SESSION = b"""<R xmlns="x"><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>
<SecretAccessKey>se&amp;cret</SecretAccessKey><SessionToken>to/ken</SessionToken>
<Expiration>2026-02-02T02:40:00Z</Expiration></Credentials></AssumeRoleResult></R>"""
DOCUMENT = json.dumps(
    {
        "AccessKeyId": "ASIA",
        "SecretAccessKey": "se&cret",
        "Token": "to/ken",
        "Expiration": "2026-02-02T02:40:00Z",
    }
).encode()
FOUND = AwsCredentials(Token("ASIA"), Token("se&cret"), Token("to/ken"), 1_770_000_000.0)
KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}


def _asked(server: Server) -> list[tuple[str, str]]:
    return [(call.method, call.path) for call in server.calls]


def test_keys_in_the_environment(hold: Hold) -> None:
    found = hold(find_credentials({**KEYS, "AWS_ROLE_ARN": "r"}, "eu-west-1"))
    assert found == AwsCredentials(Token("AKIA"), Token("secret"))
    found = hold(find_credentials({**KEYS, "AWS_SESSION_TOKEN": "t"}, "eu-west-1"))
    assert found.session_token == Token("t")


def test_web_identity(hold: Hold, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("the.jwt\n")
    with serve(always(Said(body=SESSION))) as server:
        environ = {
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
            "AWS_ENDPOINT_URL_STS": server.url,
        }
        assert hold(find_credentials(environ, "eu-west-1")) == FOUND
    assert _asked(server) == [("POST", "/")]
    assert "authorization" not in server.calls[0].headers
    assert parse_qs(server.calls[0].body.decode()) == {
        "Action": ["AssumeRoleWithWebIdentity"],
        "RoleArn": ["arn:aws:iam::1:role/r"],
        "RoleSessionName": ["podlane"],
        "WebIdentityToken": ["the.jwt"],
        "Version": ["2011-06-15"],
    }


def test_a_token_file_that_is_not_there_is_said(hold: Hold, tmp_path: Path) -> None:
    environ = {"AWS_ROLE_ARN": "r", "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "none")}
    with pytest.raises(Unavailable, match=r"cannot read the web identity token, .*: No such file"):
        hold(find_credentials(environ, "eu-west-1"))


@pytest.mark.parametrize("has_file", [False, True])
def test_pod_identity(hold: Hold, tmp_path: Path, has_file: bool) -> None:
    file = tmp_path / "token"
    file.write_text("pod-token")
    with serve(always(Said(body=DOCUMENT))) as server:
        environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{server.url}/v1/credentials"}
        if has_file:
            environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(file)
        else:
            environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "pod-token"
        assert hold(find_credentials(environ, "eu-west-1")) == FOUND
    assert _asked(server) == [("GET", "/v1/credentials")]
    assert server.calls[0].headers["authorization"] == "pod-token"


def test_metadata_of_an_instance(hold: Hold) -> None:
    def answer(call: Call) -> Said:
        if call.method == "PUT":
            assert call.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "300"
            return Said(body=b"session")
        assert call.headers["x-aws-ec2-metadata-token"] == "session"
        return Said(body=b"role-of-it\n" if call.path.endswith("/") else DOCUMENT)

    with serve(answer) as server:
        environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url}
        assert hold(find_credentials(environ, "eu-west-1")) == FOUND
    assert _asked(server) == [
        ("PUT", "/latest/api/token"),
        ("GET", "/latest/meta-data/iam/security-credentials/"),
        ("GET", "/latest/meta-data/iam/security-credentials/role-of-it"),
    ]


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"AWS_EC2_METADATA_DISABLED": "true"}, "EC2's metadata is switched off"),
        (
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"},
            "EC2's metadata does not answer",
        ),
    ],
)
def test_nobody_tells(hold: Hold, environ: dict[str, str], why: str) -> None:
    with pytest.raises(Rejected, match=f"no AWS credentials are to be had: {why}") as caught:
        hold(find_credentials(environ, "eu-west-1"))
    assert "service account" in caught.value.hint


def test_a_role_is_assumed_with_a_policy(hold: Hold) -> None:
    signer = Signer(AwsCredentials(Token("AKIA"), Token("hidden")), "eu-west-1", "sts", 1e9)
    role = Role("arn:aws:iam::1:role/r", "podlane-x", '{"Version": "2012-10-17"}', 900)
    with serve(always(Said(body=SESSION))) as server:
        assert hold(assume_role(role, signer, {"AWS_ENDPOINT_URL": f"{server.url}/"})) == FOUND
    call = server.calls[0]
    assert "Credential=AKIA/20010909/eu-west-1/sts/aws4_request" in call.headers["authorization"]
    assert parse_qs(call.body.decode())["Policy"] == ['{"Version": "2012-10-17"}']
    assert parse_qs(call.body.decode())["DurationSeconds"] == ["900"]
    assert b"hidden" not in call.body


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (
            Said(403, body=b"<E><Code>AccessDenied</Code><Message>You may\n not</Message></E>"),
            Rejected,
            r"assuming the role arn:r: the answer is 403: You may not$",
        ),
        (Said(503, body=b"busy"), Unavailable, r"the answer is 503$"),
        (Said(200, body=b"<html>hello</html>"), Unavailable, "the answer holds no credentials"),
        (
            Said(200, body=SESSION.replace(b"2026-02-02T02:40:00Z", b"tomorrow")),
            Unavailable,
            "the answer holds no credentials",
        ),
    ],
)
def test_a_role_that_is_not_given(
    hold: Hold, said: Said, error: type[Exception], words: str
) -> None:
    signer = Signer(AwsCredentials(Token("AKIA"), Token("hidden")), "eu-west-1", "sts", 1e9)
    with serve(always(said)) as server, pytest.raises(error, match=words) as caught:
        hold(assume_role(Role("arn:r", "n"), signer, {"AWS_ENDPOINT_URL": server.url}))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"AccessKeyId": 1}', b"\xff"])
def test_an_agent_that_answers_nonsense(hold: Hold, body: bytes) -> None:
    with serve(always(Said(body=body))) as server, pytest.raises(Unavailable):
        hold(find_credentials({"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url}, "r"))


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://sts.eu-west-1.amazonaws.com/"),
        ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/"),
    ],
)
def test_where_sts_is(region: str, url: str) -> None:
    assert sts_url({}, region) == url


def test_where_a_bucket_lies_is_asked_for() -> None:
    flow = bucket_region("b")
    request = next(flow)
    assert (request.method, request.url) == ("HEAD", "https://s3.us-east-1.amazonaws.com/b")
    with pytest.raises(StopIteration) as end:
        flow.send(Answer(403, {"x-amz-bucket-region": "eu-west-3"}))
    assert end.value.value == "eu-west-3"
