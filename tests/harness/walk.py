"""A page of commands, played as its reader would type them: a page that lies fails.

An indented block of the page is one of two things, and nothing else is allowed:
- a block whose first line begins with `$ `: commands, and below each what it prints, whole. There
  `…` stands for any text of a line, and a line of `…` alone for any number of lines;
- a file: the text before the block ends with its name and a colon, as in "`Containerfile`:".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

_MARK = "end-of-command"
_NAME = re.compile(r"`([\w./-]+)`[^`]*:$")
_SECONDS = 120


class Step(msgspec.Struct, frozen=True):
    """One command, and what the page says that it prints."""

    line: int
    command: str
    wanted: tuple[str, ...]


class File(msgspec.Struct, frozen=True):
    line: int
    name: str
    text: str


class Section(msgspec.Struct, frozen=True):
    title: str
    blocks: tuple[Step | File, ...]


def read(page: str) -> list[Section]:
    """The sections of a page by their `## ` headings. ValueError for a block that is neither."""
    sections: list[tuple[str, list[Step | File]]] = [("", [])]
    for number, text, before in _parts(page):
        if text.startswith("## "):
            sections.append((text.removeprefix("## "), []))
        elif text.startswith("    "):
            sections[-1][1].extend(_block(number, _dedented(text), before))
    return [Section(title, tuple(blocks)) for title, blocks in sections]


def _parts(page: str) -> Iterator[tuple[int, str, str]]:
    """Headings, paragraphs and blocks: the line, the text, and the paragraph before."""
    before, start = "", 1
    lines: list[str] = []
    for number, line in enumerate([*page.splitlines(), "#"], 1):  # the last ends what is open
        is_code = line.startswith("    ")
        was_code = bool(lines) and lines[0].startswith("    ")
        ends = line.startswith("#") or (bool(line.strip()) and bool(lines) and is_code != was_code)
        ends = ends or (not line.strip() and not was_code)
        if ends and lines:
            text = "\n".join(lines).rstrip()
            yield start, text, before
            before, lines = text, []
        if line.startswith("#"):
            yield number, line, before
        elif line.strip() or lines:
            start = start if lines else number
            lines.append(line)


def _dedented(text: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in text.splitlines())


def _block(number: int, text: str, before: str) -> list[Step | File]:
    if text.startswith("$ "):
        return [*steps(text, number)]
    name = _NAME.search(before)
    if name is None:
        raise ValueError(f"line {number}: neither commands (`$ …`) nor a file with its name before")
    if "\n$ " in text:
        raise ValueError(f"line {number}: a file and commands need a sentence between them")
    return [File(number, name[1], text + "\n")]


def steps(text: str, number: int = 1) -> list[Step]:
    """The commands of a block that begins in line `number`."""
    return list(_steps(text.splitlines(), number))


def _steps(rest: list[str], number: int) -> Iterator[Step]:
    end = number + len(rest)
    while rest:
        start = end - len(rest)
        command = [rest.pop(0).removeprefix("$ ")]
        while command[-1].endswith("\\"):
            command.append(rest.pop(0))
        wanted = []
        while rest and not rest[0].startswith("$ "):
            wanted.append(rest.pop(0))
        while wanted and not wanted[-1]:
            wanted.pop()
        yield Step(start, "\n".join(command), tuple(wanted))


def fits(wanted: tuple[str, ...], printed: str) -> bool:
    """Whether a command printed what the page shows; a page that shows nothing fits nothing."""
    parts = [r"(?:.*\n)*?" if line.strip() == "…" else _line(line) + r"[ ]*\n" for line in wanted]
    text = printed if printed.endswith("\n") or not printed else printed + "\n"
    return re.fullmatch("".join(parts), text) is not None


def _line(wanted: str) -> str:
    return r".*?".join(re.escape(part) for part in wanted.rstrip().split("…"))


class Walk:
    """One shell for the whole page. `names`: what the page calls by another name than we do."""

    def __init__(self, shell: asyncio.subprocess.Process, folder: Path, names: Mapping[str, str]):
        self._shell = shell
        self._folder = folder
        self._names = names

    async def play(self, section: Section) -> None:
        """AssertionError with the line of the page, when it does not do what the page says."""
        for block in section.blocks:
            if isinstance(block, File):
                path = self._folder / block.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self._ours(block.text))
                continue
            code, printed = await self._run(self._ours(block.command))
            printed = self._theirs(printed)
            where = f"line {block.line}: {block.command}"
            assert code == 0, f"{where}\nended with {code}:\n{printed}"
            wanted = "\n".join(block.wanted)
            assert fits(block.wanted, printed), f"{where}\nprinted\n{printed}\nand not\n{wanted}"

    async def _run(self, command: str) -> tuple[int, str]:
        script = self._folder / ".command"
        script.write_text(f"{command}\n")
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        line = f". {script} </dev/null; printf '\\n{_MARK} %s\\n' $?\n"
        self._shell.stdin.write(line.encode())
        found = bytearray()
        async with asyncio.timeout(_SECONDS):
            while not (end := re.search(rf"\n{_MARK} (\d+)\n".encode(), found)):
                more = await self._shell.stdout.read(65536)
                assert more, f"the shell has gone: {found.decode()}"
                found += more
        return int(end[1]), found[: end.start()].decode()

    def _ours(self, text: str) -> str:
        for theirs, ours in self._names.items():
            text = text.replace(theirs, ours)
        return text

    def _theirs(self, text: str) -> str:
        for theirs, ours in self._names.items():
            text = text.replace(ours, theirs)
        return text


@asynccontextmanager
async def walk(
    folder: Path, names: Mapping[str, str], environ: Mapping[str, str]
) -> AsyncIterator[Walk]:
    shell = await asyncio.create_subprocess_exec(
        *("bash", "--noprofile", "--norc"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env=dict(environ),
    )
    try:
        yield Walk(shell, folder, names)
    finally:
        assert shell.stdin is not None
        shell.stdin.close()
        if shell.returncode is None:
            shell.terminate()
        await shell.wait()
