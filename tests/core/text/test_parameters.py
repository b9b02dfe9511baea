"""Shell parameter expansion, held against a real shell where that is of the same mind."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlane.core.text.parameters import expand_shell

ENV = {"A": "one", "EMPTY": "", "REF": "feature/very/long.tar.gz", "UNI": "grün"}
SAME = [
    "$A",
    "x${A}y",
    "$NONE-$A",
    "${NONE:-word}",
    "${EMPTY:-word}",
    "${EMPTY-word}",
    "${NONE-${A:-deep}}",
    "${NONE:-${EMPTY:-$A}}",
    "${A:+set}",
    "${NONE:+set}",
    "${EMPTY+set}",
    "${NONE:=given}",
    "${REF#*/}",
    "${REF##*/}",
    "${REF%.*}",
    "${REF%%.*}",
    "${REF%.tar.gz}-$A",
    "${REF#nothing}",
    "${REF//\\//-}",
    "${REF/e/E}",
    "${REF//[aeiou]/}",
    "${REF/#feature/f}",
    "${REF/%gz/xz}",
    "${REF:8}",
    "${REF:0:7}",
    "${REF: -6:3}",
    "${REF:2:-2}",
    "${#REF}",
    "${#NONE}",
    "${A^^}",
    "${A^}",
    "${A,,}",
    "\\$A",
    "\\\\$A",
    "a\\*b",
    "100%",
    "$",
    "$-x"[:1] + "/",
    "~/x",
    "${UNI:0:2}",
]


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("text", SAME)
def test_as_bash_reads_it_between_double_quotes(text: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f'printf %s "{text}"'],
        env={**ENV, "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert expand_shell(text, ENV) == done.stdout


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("$(id)", "holds a command"),
        ("`id`", "holds a command"),
        ("$((1+1))", "holds a command"),
        ("${A:-" * 2000 + "}" * 2000, "nested too deeply"),
        ("${A", "never closed"),
        ("${}", "no reference"),
        ("${A@Q}", "means nothing here"),
        ("${!A}", "no reference"),
        ("${NONE:?must be there}", "NONE: must be there"),
    ],
)
def test_refused(text: str, clause: str) -> None:
    with pytest.raises(ValueError, match=clause.replace("$", r"\$")):
        expand_shell(text, ENV)


@given(st.text(alphabet="$A{}#%/:^,-\\x*[]?!+`( 1", max_size=24))
@settings(max_examples=400, deadline=None)
def test_any_text_is_expanded_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        expand_shell(text, ENV)


@given(st.text(max_size=60))
def test_a_value_is_never_read_again(value: str) -> None:
    assert expand_shell("<$A>", {"A": value}) == f"<{value}>"
