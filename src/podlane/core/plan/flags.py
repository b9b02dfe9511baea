"""Feature flags (`FF_…`): what the runner's default, the job and the config say, in that order.

`flag_table` says what each of them is for, and which podlane does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from podlane.core.config.flag_table import FLAGS, FlagEntry
from podlane.core.job.payload import Variable
from podlane.core.text.boolean import format_boolean, parse_boolean

PREFIX = "FF_"
DEFAULTS = {entry.name: entry.default for entry in FLAGS.values()}


class Flags(msgspec.Struct, frozen=True):
    """`values`: every flag that is known or somebody set. `bad`: flags whose word is none.
    `told`: those that somebody set. `configured`: those that the config sets, whose owner has been
    told of them."""

    values: Mapping[str, bool]
    bad: tuple[str, ...] = ()
    told: frozenset[str] = frozenset()
    configured: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> bool:
        return self.values[name]

    def is_on(self, name: str) -> bool:
        """Tell whether a flag that is off by default has been switched on."""
        return self.values.get(name, False)

    def changed(self) -> dict[str, bool]:
        """The flags that differ from their default."""
        return {
            name: value
            for name, value in sorted(self.values.items())
            if value != DEFAULTS.get(name, value)
        }

    def refused(self) -> tuple[FlagEntry, ...]:
        """What the job has switched on and podlane does not have."""
        return tuple(
            entry for entry in map(FLAGS.get, self._asked_for()) if entry and is_refused(entry)
        )

    def unknown(self) -> tuple[str, ...]:
        """What the job has switched on and nobody knows."""
        return tuple(name for name in self._asked_for() if name not in FLAGS)

    def _asked_for(self) -> list[str]:
        return [name for name in sorted(self.told - self.configured) if self.values[name]]

    def variables(self) -> list[Variable]:
        """The flags as a script sees them: those that somebody set."""
        return [
            Variable(key=name, value=format_boolean(self.values[name]), public=True, raw=True)
            for name in sorted(self.told)
        ]


def resolve_flags(asked: Iterable[Variable], configured: Mapping[str, bool]) -> Flags:
    """`asked`: the variables of runner and job; `configured`: `[runners.feature_flags]`."""
    told: dict[str, bool] = {}
    bad: list[str] = []
    for item in asked:
        if not item.key.startswith(PREFIX):
            continue
        try:
            told[item.key] = parse_boolean(item.value)
        except ValueError:
            if item.value:
                bad.append(item.key)
    told |= configured
    return Flags({**DEFAULTS, **told}, tuple(bad), frozenset(told), frozenset(configured))


def is_refused(entry: FlagEntry) -> bool:
    return entry.verdict == "refused"
