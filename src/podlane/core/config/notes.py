"""What reading config.toml finds to say of it: faults, and what its owner should know besides."""

from __future__ import annotations

from typing import Literal

import msgspec

NoteKind = Literal["fault", "refused", "skipped", "later", "moot", "unknown", "careful", "unsure"]


class ConfigNote(msgspec.Struct, frozen=True):
    """One thing to know about one key; `message` is a whole sentence that begins with the key.

    `fault`: a value that cannot be used; the runner entry it stands in does not run, and with a
    fault outside of them (`runner` is None) the file does not. The others refuse nothing.
    `refused`: the file is good, and a cluster that was asked would not run the jobs of this runner.
    `skipped`: a runner entry that podlane cannot run. `later`: an official key that is not yet
    honoured. `moot`: an official key that can have no effect here. `unknown`: no such key.
    `careful`: the key is honoured, and the value may not do what its writer expects. `unsure`: it
    depends on something that we were not let see.
    """

    kind: NoteKind
    key: str
    message: str
    line: int = 0
    hint: str = ""  # what to do, where the message does not say it
    reference: str = ""
    runner: int | None = None  # the position of the `[[runners]]` entry

    @property
    def text(self) -> str:
        """The sentence with its line."""
        return f"line {self.line}: {self.message}" if self.line else self.message

    @property
    def what(self) -> str:
        """The sentence without the key it begins with."""
        return self.message.removeprefix(f"`{self.key}` ")
