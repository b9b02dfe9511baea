"""What an audit's answer means."""

from __future__ import annotations

from audit.__main__ import found

HOLE = {"id": "GHSA-1", "fix_versions": ["2.1", "3"]}


def test_an_advisory_is_a_line_and_what_was_not_asked_for_is_not_counted() -> None:
    packages = [
        {"name": "a", "version": "2.0", "vulns": [HOLE]},
        {"name": "b", "version": "1", "vulns": []},
        {"name": "c", "version": "1", "skip_reason": "not found"},
    ]
    assert found({"dependencies": packages}) == (["a 2.0: GHSA-1, mended in 2.1, 3"], 2)
    assert found({}) == ([], 0)
