"""The catalogue's `$` is true: job variables are expanded in these keys, and in no others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from podlane.cli.config.facts import Fact, facts
from podlane.core.job.payload import Job
from reference.consequences import consequences, with_key
from reference.samples import around, honoured, job, sample
from reference.test_every_key import FILES

_PROBE = {"key": "PROBE", "value": "5probe5", "public": True}


def _probed(value: Any) -> Any:
    """The value with a variable in each of its texts; None where it has none."""
    match value:
        case str():
            return f"{value}$PROBE"
        case [str(), *_]:
            return [f"{item}$PROBE" for item in value]
        case dict() if value and all(isinstance(item, str) for item in value.values()):
            return {key: f"{item}$PROBE" for key, item in value.items()}
        case _:
            return None


def _count(fact: Fact, value: Any, asked: Job) -> int:
    found = consequences(with_key(around(fact), fact.name, value), asked, FILES)
    made = [found.get("plan", b""), json.dumps(found["manifests"].pod).encode()]
    return sum(part.count(b"5probe5") for part in made)


def _cases() -> list[str]:
    return [fact.name for fact in honoured() if _probed(sample(fact)) is not None]


@pytest.mark.parametrize("number", range(len(_cases())), ids=lambda number: _cases()[number])
def test_variables_are_expanded_where_it_says_so(number: int) -> None:
    fact = facts()[_cases()[number]]
    asked = job(fact, _PROBE)
    try:
        added = _count(fact, _probed(sample(fact)), asked) - _count(fact, sample(fact), asked)
    except KeyError:  # refused: such a value is no text of a free form
        added = 0
    assert (added > 0) == fact.entry.is_expanded
