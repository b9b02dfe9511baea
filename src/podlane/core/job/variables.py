"""The variables of a job: their order, their expansion, and which values the log must not show.

Expansion is one pass against the unexpanded values, the last of equal keys wins, a reference to
a file variable gives its path, raw ones are never expanded (gitlab-runner 19.4, common/spec).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from podlane.core.job.payload import Variable
from podlane.core.text.expand import expand
from podlane.errors import JobRefused

SIZE_LIMIT = 16 * 1024 * 1024
_EXPORTABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
READONLY = ("BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID")
_SHELL_SIGNS = {"$": "$", **dict.fromkeys("*#@!?-0123456789", "")}


class Variables(msgspec.Struct, frozen=True):
    """`items`: every variable with its value expanded, in order, equal keys included."""

    items: tuple[Variable, ...]
    temporary: str = ""

    def final(self) -> dict[str, Variable]:
        """The variables that count: of equal keys the last one, at its place."""
        last: dict[str, Variable] = {}
        for item in self.items:
            last.pop(item.key, None)
            last[item.key] = item
        return last

    def reader(self) -> Reader:
        return Reader({key: _seen(item, self.temporary) for key, item in self.final().items()})

    def masks(self) -> tuple[str, ...]:
        """The values of masked variables, without blanks around them, each once."""
        values = (item.value.strip() for item in self.items if item.masked)
        return tuple(dict.fromkeys(value for value in values if value))


class Reader(msgspec.Struct, frozen=True):
    """What names stand for: the expanded values, and the paths of file variables."""

    values: Mapping[str, str]

    def get(self, key: str, default: str = "") -> str:
        return self.values.get(key, default)

    def expand(self, text: str, *, key: str = "", room: int = SIZE_LIMIT) -> str:
        """Expand once; JobRefused (naming `key`) when more than `room` characters would come."""
        if "$" not in text:
            return text
        grown = 0

        def value_of(name: str) -> str:
            nonlocal grown
            value = _SHELL_SIGNS[name] if name in _SHELL_SIGNS else self.values.get(name, "")
            grown += len(value)
            if grown > room:
                raise _too_large(key or text[:40])
            return value

        return expand(text, value_of)

    def with_own(self, own: Mapping[str, str]) -> Reader:
        """The same, where the names in `own` stand for their value there."""
        return Reader({**self.values, **own})


def is_exportable(key: str) -> bool:
    """Tell whether every shell can export the name: anything else never reaches one."""
    return _EXPORTABLE.fullmatch(key) is not None and key not in READONLY


def resolve(raw: Iterable[Variable], temporary: str) -> Variables:
    """Expand the variables, which live in `temporary` where they are files.

    JobRefused when they grow beyond what any job can carry: a few bytes of references can ask
    for gigabytes.
    """
    items = list(raw)
    known = Reader({item.key: _seen(item, temporary) for item in items})
    room, resolved = SIZE_LIMIT, []
    for item in items:
        value = item.value if item.raw else known.expand(item.value, key=item.key, room=room)
        room -= len(value)
        if room < 0:
            raise _too_large(item.key)
        resolved.append(msgspec.structs.replace(item, value=value))
    return Variables(tuple(resolved), temporary)


def own_variable(key: str, value: str) -> Variable:
    """A variable that the runner adds: public, and final as it is."""
    return Variable(key=key, value=value, public=True, raw=True)


def _seen(item: Variable, temporary: str) -> str:
    return f"{temporary}/{item.key}" if item.file else item.value


def _too_large(key: str) -> JobRefused:
    return JobRefused(
        f"The job's variables expand to more than {SIZE_LIMIT // 1024 // 1024} MiB; "
        f"`{key}` is where the limit is passed",
        hint="look for a variable that refers many times to a long one",
        reference="variables-too-large",
    )
