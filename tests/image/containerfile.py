"""A Containerfile, read: its stages and their instructions."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "image"
STEPS = "/podlane/image/steps.sh"


class Instruction(NamedTuple):
    word: str
    rest: str


class Stage(NamedTuple):
    """`base`: an image, another stage, or `scratch`."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]

    def of(self, word: str) -> list[str]:
        return [one.rest for one in self.instructions if one.word == word]


def read(text: str) -> list[Stage]:
    stages: list[Stage] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(name, base, ()))
        else:
            last = stages[-1]
            more = (*last.instructions, Instruction(word, rest.strip()))
            stages[-1] = last._replace(instructions=more)
    return stages


def stages() -> list[Stage]:
    return read((FOLDER / "Containerfile").read_text())
