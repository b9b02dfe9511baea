"""What reading config.toml wants to tell its owner without refusing the file."""

from __future__ import annotations

from typing import Literal

import msgspec

NoteKind = Literal["skipped", "later", "moot", "unknown", "careful"]


class ConfigNote(msgspec.Struct, frozen=True):
    """One thing to know about one key; `message` is a whole sentence that names the key.

    `skipped`: a runner entry that podlane cannot run. `later`: an official key that is not yet
    honoured. `moot`: an official key that can have no effect here. `unknown`: no such key.
    `careful`: the key is honoured, and the value may not do what its writer expects.
    """

    kind: NoteKind
    key: str
    message: str
    line: int = 0

    @property
    def text(self) -> str:
        """The sentence with its line."""
        return f"line {self.line}: {self.message}" if self.line else self.message
