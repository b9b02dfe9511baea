"""Every key of gitlab-runner's documentation has one owner: the model or the official tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from podlane.core.config.official import keys_of, tables
from podlane.core.config.recognise import model_tables

LISTED = Path(__file__).with_name("gitlab_runner_keys.txt").read_text()


def _listed() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    table = ""
    for line in LISTED.splitlines():
        if line.startswith("["):
            table = line.strip("[]")
        else:
            found += [(table, key) for key in line.split()]
    return found


@pytest.mark.parametrize(("table", "key"), _listed(), ids=".".join)
def test_a_key_of_gitlab_runner_has_one_owner(table: str, key: str) -> None:
    in_model = key in model_tables().get(table, ())
    official = keys_of(table).get(key)
    assert in_model != (official is not None), "neither, or both"


def test_all_that_the_documentation_counts_is_listed() -> None:
    direct = [key for table, key in _listed() if table == "runners.kubernetes"]
    assert len(set(direct)) == 113


def test_no_key_is_honoured_and_said_not_to_be() -> None:
    both = [
        f"{table}.{key}"
        for table, keys in tables().items()
        for key in keys
        if key in model_tables().get(table, ())
        and f"{table}.{key}".lstrip(".") not in model_tables()
    ]
    assert not both


def test_every_verdict_says_what_happens_instead() -> None:
    silent = [
        f"{table}.{key}"
        for table, keys in tables().items()
        for key, official in keys.items()
        if official.verdict and len(official.instead) < 10
    ]
    assert not silent
