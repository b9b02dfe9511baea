"""Secrets out of a stream: tables, and the property that no cut of the stream matters."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.trace.masker import Masker, mask_text
from podlane.core.trace.phrases import PhraseMask, Phrases
from podlane.core.trace.runs import TOKEN_PREFIXES

# gitlab-runner honours ten of a server's own prefixes, podlane all
CUSTOM = ("mytoken:", "foobar-", *(f"acme{number}-" for number in range(15)))


def mask(secrets: list[str], pieces: list[bytes]) -> bytes:
    masker = Masker(Phrases(secret.encode() for secret in secrets), [*TOKEN_PREFIXES, *CUSTOM])
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
    ([], "nothing is secret", "nothing is secret"),
    (["secret"], "secret at the start", "[MASKED] at the start"),
    (["secret"], "insecretword", "in[MASKED]word"),
    (["secret"], "sec\nret", "sec\nret"),
    (["one", "two"], "one, two, one", "[MASKED], [MASKED], [MASKED]"),
    (["MASKED_VALUE", "MASKED_VALUE_OTHER"], "K=MASKED_VALUE_OTHER", "K=[MASKED]"),
    (["secret", "secretive"], "this is the secret", "this is the [MASKED]"),
    (["secret", "secretive"], "this is the secretiv", "this is the [MASKED]iv"),
    (["line one\nline two"], "<line one\nline two>", "<[MASKED]>"),
    (["$(x) 'a\"b\\"], "it is $(x) 'a\"b\\ indeed", "it is [MASKED] indeed"),
]
TOKENS = [
    ("glpat-abc.DEF_1=2 x", "glpat-[MASKED] x"),
    ("glpat- mytoken", "glpat- mytoken"),
    ("glpat-aglpat-b", "glpat-[MASKED]"),
    ("xglrt-t1_abc\n", "xglrt-[MASKED]\n"),
    ("glpat", "glpat"),
    ("glpat-", "glpat-"),
    ("glpat-abcdef mytoken:ghijk foobar-pq", "glpat-[MASKED] mytoken:[MASKED] foobar-[MASKED]"),
    ("glpat-abcglpat-def", "glpat-[MASKED]"),
    ("acme14-xyz", "acme14-[MASKED]"),
    ("_gitlab_session=0f/x", "_gitlab_session=[MASKED]/x"),
    ("GLPAT-abc", "GLPAT-abc"),
]
URLS = [
    ("u?private_token=abc&x=1", "u?private_token=[MASKED]&x=1"),
    ("u?a=1&X-Amz-Signature=0f0f end", "u?a=1&X-Amz-Signature=[MASKED] end"),
    ("u?rss_token=", "u?rss_token=[MASKED]"),
    ("u?rss_token=&b", "u?rss_token=[MASKED]&b"),
    ("private_token=abc", "private_token=abc"),
    ("u?private_tok", "u?private_tok"),
    ("u?authenticity_token=a?rss_token=b", "u?authenticity_token=[MASKED]?rss_token=[MASKED]"),
    ("u?x-amz-security-token=a\nb", "u?x-amz-security-token=[MASKED]\nb"),
    ("u?X-AMZ-Credential=a\x01b", "u?X-AMZ-Credential=[MASKED]\x01b"),
    ("u?PRIVATE_TOKEN=a\tb&rss_token=&c", "u?PRIVATE_TOKEN=[MASKED]\tb&rss_token=[MASKED]&c"),
]
BOTH = [
    (["abc", "glpat-"], "glpat-abc", "[MASKED][MASKED]"),
    (["tok"], "u?private_token=tok&a=glpat-tok", "u?private_[MASKED]en=[MASKED]&a=glpat-[MASKED]"),
    (["s3cret"], "u?rss_token=s3cret glpat-s3cret", "u?rss_token=[MASKED] glpat-[MASKED]"),
]
TABLE = VALUES + [([], text, expected) for text, expected in TOKENS + URLS] + BOTH


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
    assert mask([secret], [data[:9000], data[9000:]]) == b"<[MASKED]>"
    assert mask([secret], [data[:9000]]) == data[:9000]


def test_a_long_value_of_a_parameter() -> None:
    data = f"u?x-amz-signature={'0f' * 4096}&b".encode()
    pieces = [data[at : at + 777] for at in range(0, len(data), 777)]
    assert mask([], pieces) == b"u?x-amz-signature=[MASKED]&b"


def test_a_thousand_secrets_of_all_lengths() -> None:
    secrets = [f"{number:x}-{'q' * (number % 90)}!" for number in range(1000)]
    text = " | ".join(secrets)
    expected = b" | ".join([b"[MASKED]"] * 1000)
    assert mask(secrets, [text.encode()]) == expected
    data = text.encode()
    assert mask(secrets, [data[at : at + 97] for at in range(0, len(data), 97)]) == expected


def test_one_text() -> None:
    assert mask_text("no image repo/s3cret:glpat-x", ["s3cret"], ["glpat-"]) == (
        "no image repo/[MASKED]:glpat-[MASKED]"
    )


words = st.text(alphabet="ab", min_size=1, max_size=4)


def pieces_of(text: bytes, data: st.DataObject) -> list[bytes]:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    return [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]


@given(st.lists(words, max_size=4), st.text(alphabet="abc", max_size=40), st.data())
def test_no_cut_matters_and_no_secret_is_left(
    secrets: list[str], text: str, data: st.DataObject
) -> None:
    whole = PhraseMask(Phrases(secret.encode() for secret in secrets))
    expected = whole.feed(text.encode()) + whole.flush()
    stream = PhraseMask(Phrases(secret.encode() for secret in secrets))
    out = b"".join(stream.feed(piece) for piece in pieces_of(text.encode(), data))
    assert out + stream.flush() == expected
    for rest in expected.split(b"[MASKED]"):
        assert not any(secret.encode() in rest for secret in secrets)


parts = st.sampled_from(
    [
        "glpat-",
        "glp",
        "?private_token=",
        "&x-amz-signature=",
        "?rss_",
        "ab",
        "b",
        " ",
        "\n",
        "=",
        "é",
    ]
)


@given(
    st.lists(words | st.sampled_from(["glpat-ab", "token=b", "éb"]), max_size=4),
    st.lists(parts, max_size=14),
    st.data(),
)
def test_no_cut_matters_to_all_filters_together(
    secrets: list[str], words_of_text: list[str], data: st.DataObject
) -> None:
    text = "".join(words_of_text).encode()
    assert mask(secrets, pieces_of(text, data)) == mask(secrets, [text])


@given(st.integers(0, 400), st.binary(max_size=60), st.data())
def test_many_secrets_are_found_like_few(count: int, text: bytes, data: st.DataObject) -> None:
    """Beyond a number of secrets another way of searching is taken."""
    more = [f"never-there-{number}".encode() for number in range(count)]
    at = data.draw(st.integers(0, len(text)))
    secret = text[at : at + 6]
    masked = PhraseMask(Phrases([secret, *more]))
    alone = PhraseMask(Phrases([secret]))
    assert masked.feed(text) + masked.flush() == alone.feed(text) + alone.flush()
