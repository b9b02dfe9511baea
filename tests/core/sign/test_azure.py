"""Shared access signatures are those of Azure's own library (azure-storage-blob 12.14.1)."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from podlane.core.sign.azure import (
    Blob,
    DelegationKey,
    Grant,
    sign_by_account,
    sign_by_delegation,
)
from podlane.core.text.base64 import is_base64
from podlane.core.text.token import Token

BLOB = Blob("acct", "cont", "project/1/ü a+b")
END = 1_770_003_600.0
KEY = Token("a2V5")
DELEGATION = DelegationKey(
    value=KEY,
    object_id="oid",
    tenant_id="tid",
    start="2026-02-02T02:40:00Z",
    expiry="2026-02-03T02:40:00Z",
    service="b",
    version="2020-12-06",
)


@pytest.mark.parametrize(
    ("grant", "theirs"),
    [
        (
            Grant("r", END),
            (
                "se=2026-02-02T03%3A40%3A00Z&sp=r&spr=https&sv=2020-12-06&sr=b"
                "&sig=MAfgRYm%2BAar/44OLpj5nB%2B0biZnwSwTg4hsQocmWYVs%3D"
            ),
        ),
        (
            Grant("cw", END),
            (
                "se=2026-02-02T03%3A40%3A00Z&sp=cw&spr=https&sv=2020-12-06&sr=b"
                "&sig=lFnnEMHM5dBiCWwOF80F1ZtNdJmiEDuab2HQCNw7xJo%3D"
            ),
        ),
        (
            Grant("cw", END, is_https_only=False),
            (
                "se=2026-02-02T03%3A40%3A00Z&sp=cw&sv=2020-12-06&sr=b"
                "&sig=VJmk/qjPrghysqi2qDpmWKuEewi%2BHfSOFrJwDgSb6Fs%3D"
            ),
        ),
    ],
)
def test_by_the_key_of_an_account(grant: Grant, theirs: str) -> None:
    assert parse_qs(sign_by_account(BLOB, grant, KEY)) == parse_qs(theirs)


def test_by_a_user_delegation_key() -> None:
    theirs = (
        "se=2026-02-02T03%3A40%3A00Z&sp=r&spr=https&sv=2020-12-06&sr=b"
        "&skoid=oid&sktid=tid&skt=2026-02-02T02%3A40%3A00Z"
        "&ske=2026-02-03T02%3A40%3A00Z&sks=b&skv=2020-12-06"
        "&sig=gheeAYB3iQCoTFqIG16v2wZrIDeNgjTjb5LxghZMcp0%3D"
    )
    assert parse_qs(sign_by_delegation(BLOB, Grant("r", END), DELEGATION)) == parse_qs(theirs)


@pytest.mark.parametrize(("key", "is_one"), [("a2V5", True), ("a2V", False), ("", False)])
def test_what_a_key_is(key: str, is_one: bool) -> None:
    assert is_base64(Token(key)) is is_one
