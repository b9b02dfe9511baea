"""Where in config.toml something stands, for its key, its line and for people's eyes."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from podlane.core.config.lines import Path, find_line
from podlane.core.config.notes import ConfigNote, NoteKind

_STEP = re.compile(r'"([^"]*)"|\[(\d+)\]|([^."\[\]]+)')


class Place(msgspec.Struct, frozen=True):
    """A table of the file: `name` finds its keys, `path` its line; people read owner and within."""

    name: str = ""
    path: Path = ()
    owner: str = ""  # the runner entry, such as `[[runners]] #1 "builder"`
    within: str = ""

    @property
    def shown(self) -> str:
        return f"{self.owner} {self.within}".strip()

    def key(self, key: str) -> str:
        return f"{self.owner} {dotted(self.within, key)}".lstrip()

    def inside(self, key: str) -> Place:
        within = dotted(self.within, key)
        return Place(dotted(self.name, key), (*self.path, key), self.owner, within)

    def at(self, position: int) -> Place:
        return Place(self.name, (*self.path, position), self.owner, f"{self.within}[{position}]")

    def down(self, steps: str) -> Place:
        """The place that `steps` leads to, such as `volumes.secret[0].name`."""
        place = self
        for quoted, position, plain in _STEP.findall(steps):
            place = place.at(int(position)) if position else place.inside(quoted or plain)
        return place


class Found(msgspec.Struct, frozen=True):
    """A note on its way: `path` becomes a line number once the text is at hand."""

    note: ConfigNote
    path: Path

    def noted(self, lines: Mapping[Path, int], runner: int | None = None) -> ConfigNote:
        line = find_line(lines, self.path)
        return msgspec.structs.replace(self.note, line=line, runner=runner)


def note_at(place: Place, kind: NoteKind, what: str, hint: str = "") -> Found:
    """`what` is the rest of a sentence that begins with the key."""
    note = ConfigNote(kind, place.shown, f"`{place.shown}` {what}", hint=hint)
    return Found(note, place.path)


def dotted(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key
