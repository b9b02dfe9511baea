"""Where objects lie, what is signed for them, and what a session for one object may do."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.config.cache import S3Cache
from podlane.core.plan import s3
from podlane.core.plan.store import Ask, S3Parts, S3Session, Wanted, Window
from podlane.core.sign.aws import AwsCredentials
from podlane.core.text.token import Token

NOW = 1_770_000_000.0
KEYS = AwsCredentials(Token("AKID"), Token("secret"))
LENT = AwsCredentials(Token("ASIA"), Token("secret"), Token("session"), NOW + 600)
BUCKET = s3.Bucket("b", "https://b.s3.eu-west-1.amazonaws.com", "eu-west-1")
WRITTEN = Wanted("project/1/key", "the key", is_read=True, is_written=True)
ASK = Ask((WRITTEN,), Window(NOW, 3600))


@pytest.mark.parametrize(
    ("keys", "root", "region"),
    [
        ({}, "https://b.s3.dualstack.us-east-1.amazonaws.com", "us-east-1"),
        (
            {"server_address": "s3.amazonaws.com", "bucket_location": "eu-west-1"},
            "https://b.s3.dualstack.eu-west-1.amazonaws.com",
            "eu-west-1",
        ),
        (
            {"dual_stack": False, "bucket_location": "cn-north-1"},
            "https://b.s3.cn-north-1.amazonaws.com.cn",
            "cn-north-1",
        ),
        ({"accelerate": True}, "https://b.s3-accelerate.dualstack.amazonaws.com", "us-east-1"),
        (
            {"accelerate": True, "dual_stack": False},
            "https://b.s3-accelerate.amazonaws.com",
            "us-east-1",
        ),
        ({"path_style": True}, "https://s3.dualstack.us-east-1.amazonaws.com/b", "us-east-1"),
        (
            {"bucket_name": "a.b"},
            "https://s3.dualstack.us-east-1.amazonaws.com/a.b",
            "us-east-1",
        ),
        (
            {"server_address": "s3.us-gov-west-1.amazonaws.com"},
            "https://b.s3.us-gov-west-1.amazonaws.com",
            "us-gov-west-1",
        ),
        ({"server_address": "minio:9000", "insecure": True}, "http://minio:9000/b", "us-east-1"),
        ({"server_address": "minio.example:443"}, "https://minio.example/b", "us-east-1"),
        ({"server_address": "Minio:80", "insecure": True}, "http://minio/b", "us-east-1"),
        ({"server_address": "minio:80"}, "https://minio:80/b", "us-east-1"),
        ({"server_address": "http://10.0.0.1:9000/"}, "http://10.0.0.1:9000/b", "us-east-1"),
        ({"server_address": "fd00::1"}, "https://[fd00::1]/b", "us-east-1"),
        ({"server_address": "[fd00::1]:9000"}, "https://[fd00::1]:9000/b", "us-east-1"),
        ({"server_address": "minio", "path_style": False}, "https://b.minio", "us-east-1"),
        (
            {"server_address": "storage.googleapis.com"},
            "https://b.storage.googleapis.com",
            "us-east-1",
        ),
        ({"server_address": "xs3.example", "bucket_location": "r"}, "https://xs3.example/b", "r"),
    ],
)
def test_addresses(keys: dict[str, Any], root: str, region: str) -> None:
    found = s3.bucket(S3Cache(**({"bucket_name": "b"} | keys)))
    assert (found.root, found.region) == (root, region)


def test_a_region_that_was_found_out_counts_where_none_is_told() -> None:
    assert s3.bucket(S3Cache(bucket_name="b"), "eu-west-3").region == "eu-west-3"
    told = S3Cache(bucket_name="b", bucket_location="eu-west-1")
    assert s3.bucket(told, "eu-west-3").region == "eu-west-1"


@pytest.mark.parametrize(
    ("word", "key", "headers"),
    [
        ("", "k", {}),
        ("S3", "k", {"x-amz-server-side-encryption": "AES256"}),
        ("aes256", "", {"x-amz-server-side-encryption": "AES256"}),
        ("KMS", "", {"x-amz-server-side-encryption": "aws:kms"}),
        (
            "DSSE-KMS",
            "k",
            {
                "x-amz-server-side-encryption": "aws:kms:dsse",
                "x-amz-server-side-encryption-aws-kms-key-id": "k",
            },
        ),
    ],
)
def test_encryption_is_a_signed_header_of_the_upload(
    word: str, key: str, headers: dict[str, str]
) -> None:
    settings = S3Cache(server_side_encryption=word, server_side_encryption_key_id=key)
    access = s3.S3Access(BUCKET, KEYS, KEYS, s3.upload_headers(settings))
    made = s3.make_object(WRITTEN, access, ASK)
    assert made.put
    assert made.get
    sent = {name: value.reveal() for name, value in made.put.headers.items()}
    assert sent == {**headers, "x-amz-meta-cachekey": "the key"}
    signed = parse_qs(urlsplit(made.put.url.reveal()).query)["X-Amz-SignedHeaders"]
    assert signed == [";".join(sorted(["host", *sent]))]
    assert not made.get.headers


@pytest.mark.parametrize(
    ("reader", "writer", "seconds", "end"),
    [
        (KEYS, KEYS, 3600, NOW + 3600),
        (KEYS, KEYS, 10**9, NOW + 7 * 24 * 3600),
        (LENT, LENT, 3600, NOW + 600),
        (KEYS, LENT, 3600, NOW + 600),
        (LENT, LENT, 60, NOW + 60),
    ],
)
def test_nothing_is_promised_beyond_the_life_of_what_signed_it(
    reader: AwsCredentials, writer: AwsCredentials, seconds: float, end: float
) -> None:
    access = s3.S3Access(BUCKET, reader, writer)
    ask = Ask((WRITTEN,), Window(NOW, seconds))
    assert s3.make_object(WRITTEN, access, ask).expires_at == end


def test_what_is_only_read_has_no_request_that_writes() -> None:
    only_read = Wanted("n", "k", is_read=True)
    way = s3.Way(has_session=True, upload_id="u")
    made = s3.make_object(only_read, s3.S3Access(BUCKET, KEYS, KEYS), ASK, way)
    assert made.get
    assert made.head
    assert (made.put, made.pieces) == (None, None)


@pytest.mark.parametrize(("limit", "count"), [(0, 128), (1, 1), (20_000_000, 3), (2**50, 128)])
def test_parts_of_an_open_upload(limit: int, count: int) -> None:
    access = s3.S3Access(BUCKET, KEYS, KEYS, {"x-amz-server-side-encryption": "AES256"})
    ask = msgspec.structs.replace(ASK, size_limit=limit)
    pieces = s3.make_object(WRITTEN, access, ask, s3.Way(upload_id="a/b=")).pieces
    assert isinstance(pieces, S3Parts)
    assert len(pieces.parts) == count
    queries = [parse_qs(urlsplit(one.url.reveal()).query) for one in pieces.parts]
    assert [query["partNumber"] for query in queries] == [[str(n + 1)] for n in range(count)]
    whole = [*pieces.parts, pieces.complete, pieces.abort]
    assert all("uploadId=a%2Fb%3D&" in one.url.reveal() for one in whole)
    assert not any(one.headers for one in whole)


def test_a_session_has_the_credentials_of_the_writer_and_its_headers() -> None:
    access = s3.S3Access(BUCKET, KEYS, LENT, {"x-amz-server-side-encryption": "AES256"})
    session = s3.make_object(WRITTEN, access, ASK, s3.Way(has_session=True)).pieces
    assert isinstance(session, S3Session)
    assert (session.access_key, session.session_token) == (Token("ASIA"), Token("session"))
    assert session.url == "https://b.s3.eu-west-1.amazonaws.com/project/1/key"
    assert set(session.headers) == {"x-amz-server-side-encryption", "x-amz-meta-cachekey"}


def statements(settings: S3Cache, bucket: s3.Bucket, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(s3.session_policy(settings, bucket, name))["Statement"]
    return found


@pytest.mark.parametrize(
    ("region", "name", "resource"),
    [
        ("eu-west-1", "project/1/k", "arn:aws:s3:::b/project/1/k"),
        ("cn-north-1", "k", "arn:aws-cn:s3:::b/k"),
        ("us-gov-west-1", "k", "arn:aws-us-gov:s3:::b/k"),
        ("eu-west-1", "project/1/*", "arn:aws:s3:::b/project/1/${*}"),
        ("eu-west-1", "a?b", "arn:aws:s3:::b/a${?}b"),
        ("eu-west-1", "${aws:username}", "arn:aws:s3:::b/${$}{aws:username}"),
        ("eu-west-1", "${*}", "arn:aws:s3:::b/${$}{${*}}"),
        ("eu-west-1", 'x","Resource":"arn', 'arn:aws:s3:::b/x","Resource":"arn'),
    ],
)
def test_a_session_is_limited_to_one_object(region: str, name: str, resource: str) -> None:
    found = statements(S3Cache(), s3.Bucket("b", "https://b", region), name)
    actions = ["s3:PutObject", "s3:AbortMultipartUpload"]
    assert found == [{"Effect": "Allow", "Action": actions, "Resource": resource}]


@given(st.text(alphabet="*?${}ab/", max_size=20))
def test_no_name_is_a_pattern(name: str) -> None:
    resource: str = statements(S3Cache(), BUCKET, name)[0]["Resource"]
    rest = resource.removeprefix("arn:aws:s3:::b/")
    for sign in "*?$":
        rest = rest.replace(f"${{{sign}}}", "\0")
    assert not set(rest) & set("*?$")


@pytest.mark.parametrize(
    ("key", "resource"), [("arn:aws:kms:r:1:key/k", "arn:aws:kms:r:1:key/k"), ("alias/k", "*")]
)
def test_a_session_may_use_the_key_that_encrypts(key: str, resource: str) -> None:
    settings = S3Cache(server_side_encryption="KMS", server_side_encryption_key_id=key)
    used = statements(settings, BUCKET, "k")[1]
    assert (used["Action"], used["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], resource)


@pytest.mark.parametrize(
    ("body", "found"),
    [(b"<r><UploadId>a-b.c</UploadId></r>", "a-b.c"), (b"<r/>", ""), (b"\xff", "")],
)
def test_the_name_of_an_upload(body: bytes, found: str) -> None:
    assert s3.upload_id(body) == found
