"""Every key of `[runners.cache]` matters: another value changes what is held ready for a job."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from podlane.core.config.cache import AzureCache, CacheConfig, GcsCache, S3Cache
from podlane.core.plan.rehearsal import rehearse
from podlane.core.plan.store import Ask, Shelf, Wanted, Window
from podlane.core.text.token import Token

# who signs, and how often a role is asked for: tests/manager/stores
S3_ELSEWHERE = {"assume_role_max_concurrency", "disable_assume_role_credentials_caching"}
GCS_ELSEWHERE = {"private_key", "credentials_file"}

TABLES: dict[str, Any] = {
    "s3": S3Cache(
        bucket_name="b",
        access_key=Token("a"),
        secret_key=Token("s"),
        server_side_encryption="KMS",
    ),
    "gcs": GcsCache(bucket_name="b"),
    "azure": AzureCache(account_name="a", container_name="c", account_key=Token("a2V5")),
}
SAMPLES: dict[str, Any] = {
    "authentication_type": "iam",
    "server_side_encryption": "S3",
    "path_style": True,
    "account_key": Token("b3RoZXI="),
    "server_address": "other.test",
}
ASK = Ask((Wanted("n", "k", is_read=True, is_written=True),), Window(1e9, 3600), with_pieces=True)


def _shelf(kind: str, table: Any) -> Shelf:
    return rehearse(CacheConfig(type=kind, **{kind: table}), ASK)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, field.name)
        for kind, table in TABLES.items()
        for field in msgspec.structs.fields(type(table))
        if field.name not in S3_ELSEWHERE | GCS_ELSEWHERE
    ],
)
def test_a_key_matters(kind: str, name: str) -> None:
    table = TABLES[kind]
    value = getattr(table, name)
    other: Any = SAMPLES.get(name, "other")
    if name not in SAMPLES and isinstance(value, bool):
        other = not value
    elif name not in SAMPLES and isinstance(value, Token):
        other = Token("other")
    changed = msgspec.structs.replace(table, **{name: other})
    assert _shelf(kind, changed) != _shelf(kind, table)


def test_a_store_that_cannot_be_named_holds_nothing() -> None:
    assert _shelf("s3", S3Cache()) == Shelf()


def test_nothing_wanted_is_nothing_held() -> None:
    cache = CacheConfig(type="s3", s3=TABLES["s3"])
    assert rehearse(cache, Ask((), Window(0, 1))) == Shelf()
