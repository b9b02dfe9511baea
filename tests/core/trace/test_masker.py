"""Secrets out of a stream: tables, and the property that no cut of the stream matters."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.trace.masker import Masker
from podlane.core.trace.phrases import PhraseMask
from podlane.core.trace.runs import TOKEN_PREFIXES


def mask(secrets: list[str], pieces: list[bytes]) -> bytes:
    masker = Masker(secrets, TOKEN_PREFIXES)
    return b"".join(masker.feed(piece) for piece in pieces) + masker.flush()


VALUES = [
    ([""], "plain", "plain"),
    (["secret"], "a secret here", "a [MASKED] here"),
    (["secret"], "secretsecret", "[MASKED][MASKED]"),
    (["secret"], "ssecrets", "s[MASKED]s"),
    (["secret"], "ends with secret", "ends with [MASKED]"),
    (["secret"], "ends with secre", "ends with secre"),
    (["abc", "abcdef"], "abc abcdef abcde", "[MASKED] [MASKED] [MASKED]de"),
    (["abcX", "Xdef"], "1abcXdef2", "1[MASKED]2"),
    (["aaa"], "aaaaa", "[MASKED]"),
    (["MASK", "secret"], "secret", "[MASKED]"),
    (["ключ"], "мой ключ!", "мой [MASKED]!"),
]
TOKENS = [
    ("glpat-abc.DEF_1=2 x", "glpat-[MASKED] x"),
    ("glpat- mytoken", "glpat- mytoken"),
    ("glpat-aglpat-b", "glpat-[MASKED]"),
    ("xglrt-t1_abc\n", "xglrt-[MASKED]\n"),
    ("glpat", "glpat"),
    ("glpat-", "glpat-"),
]
URLS = [
    ("u?private_token=abc&x=1", "u?private_token=[MASKED]&x=1"),
    ("u?a=1&X-Amz-Signature=0f0f end", "u?a=1&X-Amz-Signature=[MASKED] end"),
    ("u?rss_token=", "u?rss_token=[MASKED]"),
    ("u?rss_token=&b", "u?rss_token=[MASKED]&b"),
    ("private_token=abc", "private_token=abc"),
    ("u?private_tok", "u?private_tok"),
]
TABLE = VALUES + [([], text, expected) for text, expected in TOKENS + URLS]


@pytest.mark.parametrize(("secrets", "text", "expected"), TABLE)
def test_masks(secrets: list[str], text: str, expected: str) -> None:
    assert mask(secrets, [text.encode()]) == expected.encode()


@pytest.mark.parametrize(("secrets", "text", "expected"), TABLE)
def test_cut_at_every_byte(secrets: list[str], text: str, expected: str) -> None:
    data = text.encode()
    for cut in range(len(data) + 1):
        assert mask(secrets, [data[:cut], data[cut:]]) == expected.encode(), cut
    assert mask(secrets, [bytes([byte]) for byte in data]) == expected.encode()


def test_long_secret_over_many_writes() -> None:
    secret = "x1" * 8000
    data = f"<{secret}>".encode()
    pieces = [data[at : at + 777] for at in range(0, len(data), 777)]
    assert mask([secret], pieces) == b"<[MASKED]>"


words = st.text(alphabet="ab", min_size=1, max_size=4)


@given(st.lists(words, max_size=4), st.text(alphabet="abc", max_size=40), st.data())
def test_no_cut_matters_and_no_secret_is_left(
    secrets: list[str], text: str, data: st.DataObject
) -> None:
    whole = PhraseMask(secret.encode() for secret in secrets)
    expected = whole.feed(text.encode()) + whole.flush()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    stream = PhraseMask(secret.encode() for secret in secrets)
    bounds = [0, *cuts, len(text)]
    pieces = [text[a:b].encode() for a, b in itertools.pairwise(bounds)]
    assert b"".join(stream.feed(piece) for piece in pieces) + stream.flush() == expected
    for rest in expected.split(b"[MASKED]"):
        assert not any(secret.encode() in rest for secret in secrets)
