"""GitLab's expansion: nested, in order, and what it leaves alone."""

from __future__ import annotations

import pytest

from podlane.local.pipeline import expand

ROWS: list[tuple[list[tuple[str, str]], dict[str, str]]] = [
    ([("A", "1"), ("B", "$A-${A}-%A%")], {"B": "1-1-1"}),
    ([("C", "$B"), ("B", "$A"), ("A", "1")], {"C": "1"}),
    ([("A", "$NONE")], {"A": "$NONE"}),
    ([("A", "$$B"), ("B", "1")], {"A": "$$B"}),
    ([("P", "a"), ("P", "$P:b")], {"P": "a:b"}),
    ([("A", "$B"), ("B", "$A"), ("C", "$D"), ("D", "1")], {"A": "$B", "C": "$D"}),
]


@pytest.mark.parametrize(("given", "expected"), ROWS)
def test_expands(given: list[tuple[str, str]], expected: dict[str, str]) -> None:
    done = expand.expand([{"key": key, "value": value} for key, value in given])
    assert {item["key"]: item["value"] for item in done}.items() >= expected.items()


def test_raw_and_file_variables_are_left_for_the_runner() -> None:
    done = expand.expand(
        [
            {"key": "R", "value": "$A", "raw": True},
            {"key": "F", "value": "text", "file": True},
            {"key": "A", "value": "1"},
            {"key": "B", "value": "$R $F $A"},
        ]
    )
    assert [item["value"] for item in done] == ["$A", "text", "1", "$R $F 1"]


def test_what_a_value_depends_on_comes_first() -> None:
    done = expand.expand([{"key": "B", "value": "$A"}, {"key": "A", "value": "1"}])
    assert [item["key"] for item in done] == ["A", "B"]
