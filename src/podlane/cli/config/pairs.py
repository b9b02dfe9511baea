"""Which runner of one config file is which of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from podlane.core.config.model import RunnerConfig

Runners = tuple[RunnerConfig, ...]


class Pair(msgspec.Struct, frozen=True):
    """None: that file does not have it."""

    old: RunnerConfig | None
    new: RunnerConfig | None
    label: str


def pairs(old: Runners, new: Runners) -> list[Pair]:
    """Match by GitLab and token, then by a name, then by position among those that are left; in
    the order of `old`, then what only `new` has."""
    partner: dict[int, int] = {}
    _match(old, new, partner, lambda runner, _: (runner.url, runner.token))
    _match(old, new, partner, lambda runner, _: runner.name or None)
    _match(old, new, partner, lambda _, position: position)
    found = [
        _pair(runner, new[partner[index]] if index in partner else None, index)
        for index, runner in enumerate(old)
    ]
    left = [index for index in range(len(new)) if index not in partner.values()]
    return [*found, *(_pair(None, new[index], index) for index in left)]


def _match(
    old: Runners,
    new: Runners,
    partner: dict[int, int],
    key: Callable[[RunnerConfig, int], Any],
) -> None:
    for index, runner in enumerate(old):
        wanted = key(runner, index)
        if index in partner or wanted is None:
            continue
        taken = set(partner.values())
        same = [n for n, one in enumerate(new) if n not in taken and key(one, n) == wanted]
        if same:
            partner[index] = same[0]


def _pair(old: RunnerConfig | None, new: RunnerConfig | None, index: int) -> Pair:
    names = [one.name for one in (old, new) if one is not None and one.name]
    shown = " → ".join(f'"{name}"' for name in dict.fromkeys(names)) or f"#{index + 1}"
    return Pair(old, new, f"runner {shown}")
