"""`[runners.cache]` and its tables for the three kinds of store, as frozen data.

Keys have gitlab-runner's names and defaults. `type` says which table counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from podlane.core.text.base64 import is_base64
from podlane.core.text.token import Token

TYPES = ("s3", "gcs", "azure")
AUTHENTICATIONS = ("access-key", "iam")
ENCRYPTIONS = ("s3", "aes256", "kms", "aws:kms", "dsse-kms", "aws:kms:dsse")
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")
_HOST = re.compile(r"(?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+\.?")
_SERVER = re.compile(
    r"(?:https?://)?"
    r"(?:[A-Za-z0-9._-]+|(?:[0-9A-Fa-f]*:){2,}[0-9A-Fa-f.]*|\[[0-9A-Fa-f:.]+\])"
    r"(?::([1-9]\d{0,4}))?/?"
)
AWS_SERVER = "s3.amazonaws.com"


class S3Cache(msgspec.Struct, frozen=True, rename="pascal"):
    """`[runners.cache.s3]`."""

    server_address: str = ""  # host, with a port where it has one; empty: AWS
    access_key: Token = Token("")
    secret_key: Token = Token("")
    session_token: Token = Token("")
    bucket_name: str = ""
    bucket_location: str = ""  # the region
    insecure: bool = False
    authentication_type: str = ""  # empty: access-key if there is one, else iam
    server_side_encryption: str = ""
    server_side_encryption_key_id: str = msgspec.field(name="ServerSideEncryptionKeyID", default="")
    dual_stack: bool = True
    path_style: bool | None = None  # empty: by the server's name
    accelerate: bool = False
    role_arn: str = msgspec.field(name="RoleARN", default="")
    upload_role_arn: str = msgspec.field(name="UploadRoleARN", default="")  # the older name
    assume_role_max_concurrency: int = 5  # -1: any number
    disable_assume_role_credentials_caching: bool = False


class GcsCache(msgspec.Struct, frozen=True, rename="pascal"):
    """`[runners.cache.gcs]`; with no credentials, those of the manager's own workload."""

    access_id: str = msgspec.field(name="AccessID", default="")
    private_key: Token = Token("")
    credentials_file: str = ""
    bucket_name: str = ""
    universe_domain: str = ""


class AzureCache(msgspec.Struct, frozen=True, rename="pascal"):
    """`[runners.cache.azure]`; with no key, the manager's managed or workload identity."""

    account_name: str = ""
    account_key: Token = Token("")
    container_name: str = ""
    storage_domain: str = "blob.core.windows.net"


class CacheConfig(msgspec.Struct, frozen=True, rename="pascal"):
    """`[runners.cache]`. The last six are where the keys of `[runners.cache.s3]` once stood."""

    type: str = ""  # empty: caches stay in cache_dir
    path: str = ""
    shared: bool = False
    max_uploaded_archive_size: int = 0  # bytes; 0: no limit
    s3: S3Cache = msgspec.field(name="s3", default=S3Cache())
    gcs: GcsCache = msgspec.field(name="gcs", default=GcsCache())
    azure: AzureCache = msgspec.field(name="azure", default=AzureCache())
    server_address: str = ""
    access_key: Token = Token("")
    secret_key: Token = Token("")
    bucket_name: str = ""
    bucket_location: str = ""
    insecure: bool = False


MOVED = (
    "server_address",
    "access_key",
    "secret_key",
    "bucket_name",
    "bucket_location",
    "insecure",
)


def s3_settings(cache: CacheConfig) -> S3Cache:
    """The table of S3, with what stands at its older place where the table says nothing."""
    old = {key: getattr(cache, key) for key in MOVED if not getattr(cache.s3, key)}
    return msgspec.structs.replace(cache.s3, **old)


def has_access_key(s3: S3Cache) -> bool:
    """Whether the config's own keys sign; else the manager's identity does (`iam`)."""
    word = s3.authentication_type.lower()
    return word == "access-key" or (not word and bool(s3.access_key and s3.secret_key))


def missing(cache: CacheConfig) -> str:
    """The key without which no object can be named; "" when nothing is missing."""
    match cache.type:
        case "s3" if not s3_settings(cache).bucket_name:
            return "s3.BucketName"
        case "gcs" if not cache.gcs.bucket_name:
            return "gcs.BucketName"
        case "azure" if not cache.azure.account_name:
            return "azure.AccountName"
        case "azure" if not cache.azure.container_name:
            return "azure.ContainerName"
        case _:
            return ""


def faults(cache: CacheConfig) -> Iterator[tuple[str, str]]:
    """Values that no address or signature can be made of: key and what is wrong with it."""
    for key, text in (
        ("BucketName", cache.bucket_name),
        ("s3.BucketName", cache.s3.bucket_name),
        ("gcs.BucketName", cache.gcs.bucket_name),
        ("azure.ContainerName", cache.azure.container_name),
    ):
        if text and not _BUCKET.fullmatch(text):
            yield key, "is no name of a bucket: letters, digits, `.`, `-` and `_`, and no folder"
    for key, text in (
        ("ServerAddress", cache.server_address),
        ("s3.ServerAddress", cache.s3.server_address),
        ("azure.StorageDomain", cache.azure.storage_domain),
    ):
        if text and not _is_server(text.strip()):
            yield key, "is no address of a server: a host, and `:` with a port where it has one"
    for key, text in (
        ("BucketLocation", cache.bucket_location),
        ("s3.BucketLocation", cache.s3.bucket_location),
        ("gcs.UniverseDomain", cache.gcs.universe_domain),
        ("azure.AccountName", cache.azure.account_name),
    ):
        if text and not _HOST.fullmatch(text):
            yield key, "is no name of that kind: letters, digits, `.` and `-`"
    if cache.azure.account_key and not is_base64(cache.azure.account_key):
        yield "azure.AccountKey", "is no key of a storage account, which is base64"


def _is_server(text: str) -> bool:
    found = _SERVER.fullmatch(text)
    return found is not None and int(found[1] or 0) < 2**16
