"""Every key of config.toml matters: with another value something that podlane does is another.

That is a job's plan, its manifests, or what the manager does (manager/effects.py). A new key is
tried by itself with the example of the catalogue; where that is not enough, samples.py takes a
line. What cannot be shown so is an exception, of which there may be twelve.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from podlane.cli.config.facts import facts
from podlane.core.config.official import ANY, tables
from podlane.core.config.recognise import model_tables
from reference.consequences import consequences, differing, with_key
from reference.samples import VALUES, around, honoured, job, sample

FILES = Path(__file__).parent / "files"
MOST_EXCEPTIONS = 12
_SIGNS = "it signs what the manager asks of a store: tests/manager/stores"
_LATER = "read and checked; there is no session server yet"
EXCEPTIONS = {
    "session_server.listen_address": _LATER,
    "session_server.advertise_address": _LATER,
    "session_server.session_timeout": _LATER,
    "runners.cache.s3.AssumeRoleMaxConcurrency": _SIGNS,
    "runners.cache.s3.DisableAssumeRoleCredentialsCaching": _SIGNS,
    "runners.cache.gcs.PrivateKey": _SIGNS,
    "runners.cache.gcs.CredentialsFile": _SIGNS,
}
NAMES = [fact.name for fact in honoured()]


def test_few_are_excepted_and_all_are_keys() -> None:
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
    assert not set(EXCEPTIONS) - set(NAMES)


def test_every_key_of_the_model_is_tried() -> None:
    """The catalogue knows every key, so none is left out of this file's cases."""
    keys = {f"{table}.{key}".lstrip(".") for table, keys in model_tables().items() for key in keys}
    held = {name for name in keys if name not in tables() and name not in model_tables()}
    assert held - {ANY} <= set(NAMES)
    assert set(NAMES) <= keys


@pytest.mark.parametrize("number", range(len(NAMES)), ids=lambda number: NAMES[number])
def test_another_value_has_consequences(number: int) -> None:
    fact = facts()[NAMES[number]]
    without = around(fact)
    by_it = consequences(with_key(without, fact.name, sample(fact)), job(fact), FILES)
    assert "runs nothing" not in by_it or fact.name in VALUES, by_it
    differences = differing(consequences(without, job(fact), FILES), by_it)
    if fact.name in EXCEPTIONS:
        assert not differences, "it matters now: take it from the exceptions"
    else:
        assert differences
