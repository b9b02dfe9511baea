"""Signatures are botocore's to the last bit: the same calls, signed by both."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from podlane.core.sign.aws import (
    UNSIGNED,
    AwsCredentials,
    Call,
    Signer,
    digest,
    encode,
    sign_headers,
    sign_query,
)
from podlane.core.text.token import Token

NOW = 1_770_000_000.7
KEYS = AwsCredentials(Token("AKIDEXAMPLE"), Token("wJalr+/secret"))
TEMPORARY = AwsCredentials(Token("ASIAEXAMPLE"), Token("secret"), Token("a token/with+=signs"), 1)
S3 = "https://cache.s3.eu-west-1.amazonaws.com"

CALLS = [
    Call("GET", f"{S3}/project/1/{encode('a b+ü~*!()', '/')}/c"),
    Call("HEAD", "http://minio.example:9000/bucket/key"),
    Call("GET", "https://minio.example:443/bucket/key"),
    Call("GET", "http://[fd00::1]:9000/bucket/key"),
    Call("PUT", f"{S3}/key", {"x-amz-meta-cachekey": "  two   blanks ", "X-Amz-Acl": "private"}),
    Call("PUT", f"{S3}/key?partNumber=12&uploadId=a-b.c_d~{encode('/=+')}"),
    Call("POST", f"{S3}/key?uploads="),
    Call("GET", f"{S3}//twice//slashed/../key"),
    Call("GET", f"{S3}/?list-type=2&prefix=a%2Fb"),
]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "get_current_datetime", lambda: datetime.fromtimestamp(NOW, UTC))


@pytest.mark.parametrize("credentials", [KEYS, TEMPORARY])
@pytest.mark.parametrize("call", CALLS)
def test_urls_are_signed_as_botocore_signs_them(credentials: AwsCredentials, call: Call) -> None:
    theirs = AWSRequest(call.method, call.url, headers=dict(call.headers))
    auth.S3SigV4QueryAuth(_theirs(credentials), "s3", "eu-west-1", expires=3600).add_auth(theirs)
    ours = sign_query(Signer(credentials, "eu-west-1", "s3", NOW), call, 3600)
    assert sorted(_pairs(ours)) == sorted(_pairs(theirs.url))
    assert ours.partition("?")[0] == theirs.url.partition("?")[0]


@pytest.mark.parametrize("credentials", [KEYS, TEMPORARY])
@pytest.mark.parametrize("call", CALLS)
def test_s3_headers_are_signed_as_botocore_signs_them(
    credentials: AwsCredentials, call: Call
) -> None:
    theirs = AWSRequest(call.method, call.url, headers=dict(call.headers))
    theirs.context["client_config"] = Config(s3={"payload_signing_enabled": False})
    auth.S3SigV4Auth(_theirs(credentials), "s3", "eu-west-1").add_auth(theirs)
    sent = sign_headers(Signer(credentials, "eu-west-1", "s3", NOW), call)
    assert sent["X-Amz-Content-SHA256"] == UNSIGNED
    assert sent["Authorization"] == theirs.headers["Authorization"]


@pytest.mark.parametrize("credentials", [KEYS, TEMPORARY])
@pytest.mark.parametrize(
    ("service", "url"),
    [
        ("sts", "https://sts.eu-west-1.amazonaws.com/"),
        ("sts", "http://127.0.0.1:5000"),
        ("secretsmanager", "https://secretsmanager.eu-west-1.amazonaws.com/"),
        ("other", f"https://other.example/a/../{encode('b c', '/')}//d/?b=2&a=1&a=0&empty="),
    ],
)
def test_other_services_are_signed_with_their_body(
    service: str, url: str, credentials: AwsCredentials
) -> None:
    body = b"Action=AssumeRole&Version=2011-06-15"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Amz-Target": "a.b"}
    theirs = AWSRequest("POST", url, headers=headers, data=body)
    auth.SigV4Auth(_theirs(credentials), service, "eu-west-1").add_auth(theirs)
    call = Call("POST", url, headers, digest(body))
    sent = sign_headers(Signer(credentials, "eu-west-1", service, NOW), call)
    assert sent["Authorization"] == theirs.headers["Authorization"]


@pytest.mark.parametrize(("wanted", "told"), [(0, 1), (59.9, 59), (10**9, 604_800)])
def test_a_url_lives_for_a_second_to_seven_days(wanted: float, told: int) -> None:
    url = sign_query(Signer(KEYS, "us-east-1", "s3", NOW), Call("GET", S3), wanted)
    assert f"X-Amz-Expires={told}&" in url


def _theirs(credentials: AwsCredentials) -> Credentials:
    return Credentials(
        credentials.access_key.reveal(),
        credentials.secret_key.reveal(),
        credentials.session_token.reveal() or None,
    )


def _pairs(url: str) -> list[str]:
    return url.partition("?")[2].split("&")
