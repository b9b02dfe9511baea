"""Order, expansion and masks of a job's variables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.job import variables
from podlane.core.job.payload import Variable
from podlane.core.job.variables import Reader, is_exportable
from podlane.errors import JobRefused


def _resolve(*items: Variable) -> variables.Variables:
    return variables.resolve(items, "/b/p.tmp")


def test_last_of_equal_keys_wins_and_keeps_its_place() -> None:
    found = _resolve(Variable("A", "1"), Variable("B", "2"), Variable("A", "3"))
    assert [(key, item.value) for key, item in found.final().items()] == [("B", "2"), ("A", "3")]


def test_expansion_is_one_pass_against_unexpanded_values() -> None:
    found = _resolve(Variable("A", "$B"), Variable("B", "$C"), Variable("C", "end"))
    assert {key: item.value for key, item in found.final().items()} == {
        "A": "$C",
        "B": "end",
        "C": "end",
    }


def test_a_file_is_seen_as_its_path_and_keeps_its_content() -> None:
    found = _resolve(Variable("KEY", "pem $A", file=True), Variable("A", "x$KEY"))
    assert found.final()["KEY"].value == "pem x$KEY"
    assert found.reader().get("KEY") == "/b/p.tmp/KEY"
    assert found.final()["A"].value == "x/b/p.tmp/KEY"


def test_raw_is_inserted_as_it_is() -> None:
    found = _resolve(Variable("RAW", "5$A", raw=True), Variable("A", "1"), Variable("B", "$RAW"))
    assert found.final()["RAW"].value == found.final()["B"].value == "5$A"


def test_masks_are_expanded_trimmed_and_hold_for_overridden_values_too() -> None:
    found = _resolve(
        Variable("S", "first", masked=True),
        Variable("S", "  $X ", masked=True),
        Variable("X", "second"),
        Variable("EMPTY", " ", masked=True),
        Variable("AGAIN", "second", masked=True),
    )
    assert found.masks() == ("first", "second")


@pytest.mark.parametrize(
    "key", ["", "1A", "A-B", "A B", "A=B", "A\n", "é", "$A", "A;rm", "UID", "PPID"]
)
def test_odd_names_reach_no_shell(key: str) -> None:
    assert not is_exportable(key)


def test_references_cannot_ask_for_gigabytes() -> None:
    with pytest.raises(JobRefused, match="`B`"):
        _resolve(Variable("A", "x" * 1_000_000), Variable("B", "$A" * 100))
    with pytest.raises(JobRefused):
        Reader({"A": "x" * 1_000_000}).expand("$A" * 100)


@given(st.dictionaries(st.sampled_from("ABCD"), st.text(alphabet="ABCD${} ", max_size=12)))
def test_any_text_is_resolved(values: dict[str, str]) -> None:
    found = _resolve(*(Variable(key, value) for key, value in values.items()))
    assert list(found.final()) == list(values)
