"""`$(NAME)` in words and values, as the kubelet reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.local.cluster.expand import expand, field_value

KNOWN = {"X": "v", "Y": "$(X)", "E": ""}

# Each was given to a v1.34 kubelet, in the arguments of a container with X=v.
WORDS = [
    ("$(X)", "v"),
    ("$$(X)", "$(X)"),
    ("$$$(X)", "$v"),
    ("$$$$", "$$"),
    ("$", "$"),
    ("a$b $X", "a$b $X"),
    ("$(UNKNOWN)", "$(UNKNOWN)"),
    ("$( $(X $(U) $$$X $", "$( $(X $(U) $$X $"),
    ("$(X", "$(X"),
    ("$(Y)", "$(X)"),
    ("<$(E)>", "<>"),
    ("$()", "$()"),
]


@pytest.mark.parametrize(("text", "wanted"), WORDS)
def test_words(text: str, wanted: str) -> None:
    assert expand(text, KNOWN) == wanted


@given(st.text(alphabet="$()XU a"))
def test_doubled_signs_keep_any_text(text: str) -> None:
    assert expand(text.replace("$", "$$"), KNOWN) == text


@given(st.text(alphabet="abc ()\n"))
def test_without_a_sign_nothing_changes(text: str) -> None:
    assert expand(text, KNOWN) == text


def test_fields_of_a_pod() -> None:
    pod = {
        "metadata": {"name": "p", "annotations": {"a/b": "1", "c": 'say "x"\n'}},
        "status": {"podIP": "127.0.0.1"},
    }
    for path, wanted in [
        ("metadata.name", "p"),
        ("metadata.annotations['a/b']", "1"),
        ("metadata.annotations['none']", ""),
        ("metadata.labels['none']", ""),
        ("metadata.annotations", 'a/b="1"\nc="say \\"x\\"\\n"'),
        ("status.podIP", "127.0.0.1"),
        ("spec.nodeName", ""),
    ]:
        assert field_value(pod, path) == wanted
