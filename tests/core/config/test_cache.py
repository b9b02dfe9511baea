"""`[runners.cache]`: every key is read, secrets stay hidden, what cannot be is refused."""

from __future__ import annotations

import msgspec
import pytest

from podlane.core.config.cache import CacheConfig, has_access_key, missing, s3_settings
from podlane.core.config.notes import ConfigNote
from podlane.core.config.parse import parse
from podlane.core.text.token import Token
from podlane.errors import ConfigError

RUNNER = '[[runners]]\nname = "b"\nurl = "https://gitlab.example"\ntoken = "glrt-hidden"\n'
EVERYTHING = """
[runners.cache]
  Type = "s3"
  Path = "prefix"
  Shared = true
  MaxUploadedArchiveSize = 5368709121
  [runners.cache.s3]
    ServerAddress = "minio.example:9000"
    AccessKey = "one-secret"
    SecretKey = "two-secret"
    SessionToken = "three-secret"
    BucketName = "bucket"
    BucketLocation = "eu-west-1"
    Insecure = true
    AuthenticationType = "IAM"
    ServerSideEncryption = "KMS"
    ServerSideEncryptionKeyID = "alias/key"
    DualStack = false
    PathStyle = true
    Accelerate = true
    RoleARN = "arn:aws:iam::1:role/cache"
    AssumeRoleMaxConcurrency = -1
    DisableAssumeRoleCredentialsCaching = true
  [runners.cache.gcs]
    AccessID = "robot@example"
    PrivateKey = "four-secret"
    CredentialsFile = "/key.json"
    BucketName = "bucket"
    UniverseDomain = "example"
  [runners.cache.azure]
    AccountName = "account"
    AccountKey = "Zml2ZS1zZWNyZXQ="
    ContainerName = "container"
    StorageDomain = "blob.example"
"""


def read(text: str) -> tuple[CacheConfig, tuple[ConfigNote, ...]]:
    config, notes = parse(RUNNER + text, {})
    return config.runners[0].cache, notes


def test_every_key_is_read_and_no_secret_is_seen() -> None:
    cache, notes = read(EVERYTHING)
    assert not notes
    for table in (cache, cache.s3, cache.gcs, cache.azure):
        fields = msgspec.structs.fields(type(table))
        old = ("server_address", "access_key", "secret_key", "bucket_location", "insecure")
        skipped = ("upload_role_arn", *(old if table is cache else ()))
        same = [field.name for field in fields if getattr(table, field.name) == field.default]
        assert set(same) <= {*skipped, "bucket_name"}
    assert cache.s3.session_token == Token("three-secret")
    assert "secret" not in repr(cache).replace("secret_key", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[runners.cache]\nType = 's4'", 'line 6: `[[runners]] #1 "b" cache.Type` must be one'),
        ("[runners.cache]\nType = 1", "cache.Type` must be a text in quotes, and is a whole"),
        ("[runners.cache]\nShared = 'yes'", 'line 6: `[[runners]] #1 "b" cache.Shared` must be'),
        ("[runners.cache]\nMaxUploadedArchiveSize = -1", "must be 0 or more, and is -1"),
        ("[runners.cache]\nMaxUploadedArchiveSize = '5G'", "must be a whole number"),
        ("[runners.cache.s3]\nSecretKey = 12345", 'line 6: `[[runners]] #1 "b" cache.s3.Secret'),
        ("[runners.cache.s3]\nAuthenticationType = 'root'", "must be one of: access-key, iam"),
        ("[runners.cache.s3]\nServerSideEncryption = 'rot13'", "must be one of: s3, aes256, kms"),
        ("[runners.cache.s3]\nAssumeRoleMaxConcurrency = -2", "must be -1 or more"),
        ("[runners.cache.s3]\nPathStyle = 'auto'", "must be `true` or `false`"),
        ("[runners.cache.s3]\nBucketName = 'a/b'", 'line 6: `[[runners]] #1 "b" cache.s3.Bucket'),
        ("[runners.cache.s3]\nServerAddress = 'a:b'", "cache.s3.ServerAddress` is no address of"),
        ("[runners.cache.s3]\nServerAddress = 'a:99999'", "cache.s3.ServerAddress` is no addr"),
        ("[runners.cache.s3]\nServerAddress = 'u:12345@b'", "cache.s3.ServerAddress` is no addr"),
        ("[runners.cache.s3]\nBucketLocation = 'a b'", "cache.s3.BucketLocation` is no name of"),
        ("[runners.cache]\nServerAddress = 'http://'", "cache.ServerAddress` is no address of"),
        ("[runners.cache.gcs]\nUniverseDomain = 'a/b'", "cache.gcs.UniverseDomain` is no name"),
        ("[runners.cache.azure]\nAccountKey = '12345'", "cache.azure.AccountKey` is no key of a"),
        ("[runners.cache.azure]\nAccountName = 'a/b'", "cache.azure.AccountName` is no name of"),
        ("[runners.cache]\nazure = 'x'", "cache.azure` must be a table"),
    ],
)
def test_what_cannot_be_is_refused_with_line_and_key(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert words in str(caught.value)
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Type = 's3'", 'line 6: `[[runners]] #1 "b" cache.Type` lacks `s3.BucketName`'),
        ("Type = 'gcs'", "lacks `gcs.BucketName`: jobs get no shared cache"),
        ("Type = 'azure'\n[runners.cache.azure]\nAccountName='a'", "lacks `azure.ContainerName`"),
        ("Type = 's3'\nBucketName = 'b'", 'line 7: `[[runners]] #1 "b" cache.BucketName` now'),
        (
            "Type = 's3'\n[runners.cache.s3]\nBucketName = 'b'\nAccessKey = 'a'",
            'line 9: `[[runners]] #1 "b" cache.s3.AccessKey` has no `SecretKey` beside it',
        ),
        (
            "Type = 's3'\n[runners.cache.s3]\nBucketName = 'b'\nUploadRoleARN = 'a'",
            "cache.s3.UploadRoleARN` is the older name of `RoleARN`",
        ),
    ],
)
def test_what_may_surprise_is_said(text: str, words: str) -> None:
    _, notes = read(f"[runners.cache]\n{text}\n")
    assert [note.kind for note in notes] == ["careful"]
    assert words in notes[0].text


def test_without_a_type_nothing_is_said() -> None:
    assert read("[runners.cache]\nBucketName = 'b'\n[runners.cache.s3]\nAccessKey = 'a'")[1] == ()


def test_keys_at_their_older_place_count_where_the_table_is_silent() -> None:
    cache, _ = read(
        "[runners.cache]\nType='s3'\nServerAddress='old'\nAccessKey='a'\nSecretKey='b'\n"
        "BucketName='old'\nInsecure=true\n[runners.cache.s3]\nBucketName='new'\n"
    )
    found = s3_settings(cache)
    assert (found.server_address, found.bucket_name, found.insecure) == ("old", "new", True)
    assert has_access_key(found)
    assert not missing(cache)


@pytest.mark.parametrize(
    ("keys", "has"),
    [
        ("AccessKey='a'\nSecretKey='b'", True),
        ("AccessKey='a'", False),
        ("", False),
        ("AccessKey='a'\nSecretKey='b'\nAuthenticationType='iam'", False),
        ("AuthenticationType='Access-Key'", True),
    ],
)
def test_who_signs(keys: str, has: bool) -> None:
    assert has_access_key(read(f"[runners.cache.s3]\n{keys}\n")[0].s3) is has
