"""git's last words in plain ones."""

from __future__ import annotations

import pytest

from podlane.core.job.git_failure import explain

URL = "https://gitlab.test/a/b.git/"
TABLE = [
    ("fatal: couldn't find remote ref refs/heads/gone", "no such ref", True),
    ("fatal: remote error: upload-pack: not our ref 1111", "does not give out", True),
    ("fatal: reference is not a tree: 1111", "not in what was fetched", True),
    ("remote: HTTP Basic: Access denied\nfatal: Authentication failed", "refused the job's", True),
    (f"fatal: unable to access '{URL}': The requested URL returned error: 403", "refused", True),
    (f"fatal: unable to access '{URL}': The requested URL returned error: 502", "server its", True),
    (f"fatal: unable to access '{URL}': The requested URL returned error: 429", "429", True),
    (f"fatal: unable to access '{URL}': Could not resolve host: gitlab.test", "name cannot", True),
    (f"fatal: unable to access '{URL}': Failed to connect to gitlab.test port 1", "reached", True),
    (f"fatal: unable to access '{URL}': SSL certificate problem: expired", "not trusted", True),
    (f"fatal: repository '{URL}' not found", "no such project", True),
    ("fatal: write error: No space left on device", "disk is full", True),
    ("fatal: write error: Cannot allocate memory\nfatal: early EOF", "out of memory", True),
    ("error: index-pack died of signal 9\nfatal: early EOF", "out of memory", True),
    ("error: RPC failed; curl 56\nfatal: early EOF", "connection broke", True),
    ("error: unknown option `wrong'\nusage: git fetch", "flags", True),
    ("fatal: transport 'ssh' not allowed", "cannot be reached in that way", True),
    (
        "error: object file .git/objects/aa is empty\nfatal: loose object x is corrupt",
        "loose",
        False,
    ),
    ("hint: nothing\nsomething else\n", "something else", False),
    ("", "", False),
]


@pytest.mark.parametrize(("last", "why", "is_outside"), TABLE)
def test_table(last: str, why: str, is_outside: bool) -> None:
    found = explain(last)
    assert why in found.why
    assert found.is_outside is is_outside


def test_what_is_outside_says_what_to_do_or_how_long_to_wait() -> None:
    for last, _, is_outside in TABLE:
        found = explain(last)
        is_told_later = "memory" in found.why  # with limit and peak: core.trace.memory
        assert not is_outside or found.hint or "429" in found.why or is_told_later
        assert not found.hint.endswith(".")


def test_long_words_are_cut() -> None:
    assert len(explain("fatal: " + "x" * 5000).why) <= 300
