"""Which key somebody means: by its whole name or the end of it, in any case, or by a variable."""

from __future__ import annotations

import difflib
import re

import msgspec

from podlane.cli.config.facts import Fact, facts
from podlane.errors import PodlaneError

_MARKS = re.compile(r"\[\d+\]|[\[\]`'\"\s]")


class Found(msgspec.Struct, frozen=True):
    """`same`: those that may be meant; `others` have the same last name and are not."""

    same: tuple[Fact, ...]
    others: tuple[Fact, ...] = ()


def find(asked: str) -> Found:
    """PodlaneError, with the nearest names, where there is no such key."""
    name = _MARKS.sub("", asked.replace("] ", ".")).strip(".").lower()
    whole = {key.lower(): fact for key, fact in facts().items()}
    ends = [fact for key, fact in whole.items() if f".{key}".endswith(f".{name}")]
    exact = whole.get(name) or whole.get(f"runners.{name}") or _of_variable(name)
    if exact is not None:
        return Found((exact,), tuple(fact for fact in ends if fact != exact))
    if not ends:
        raise _unknown(asked, name)
    if len({fact.entry.text for fact in ends}) == 1:  # one thing in several tables of one kind
        return Found((ends[0],), tuple(ends[1:]))
    return Found(tuple(ends))


def reference(fact: Fact) -> str:
    return f"docs/reference/config/{fact.entry.page}.md#{anchor(fact.name)}"


def anchor(name: str) -> str:
    """As it stands in the reference: a name with the dots and dashes that it has."""
    return name.lower()


def _of_variable(name: str) -> Fact | None:
    upper = name.upper()
    for fact in facts().values():
        variable = fact.variable.removesuffix("*")
        if fact.gate and (
            upper == variable or (variable.endswith("_") and upper.startswith(variable))
        ):
            return fact
    return next((fact for fact in facts().values() if upper and fact.environment == upper), None)


def _unknown(asked: str, name: str) -> PodlaneError:
    last = name.rpartition(".")[2]
    by_name: dict[str, list[str]] = {}
    for full, fact in facts().items():
        by_name.setdefault(fact.key.lower(), []).append(full)
    near = [
        full for key in difflib.get_close_matches(last, by_name, 3, 0.6) for full in by_name[key]
    ]
    hint = f"the nearest are: {', '.join(near[:4])}" if near else ""
    return PodlaneError(
        f"config.toml has no key {asked!r}",
        hint=hint or "`podlane config explain` lists the tables",
        reference="config-key",
    )
