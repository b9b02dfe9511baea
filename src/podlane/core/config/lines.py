"""Where in the text of a TOML file each key stands, so that messages can name the line.

`tomllib` keeps no positions. This reads only as much TOML as it takes to follow headers, keys
and multi-line strings; the text has already been accepted by tomllib, or is about to be refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Path = tuple[str | int, ...]

_NAME = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_NAMES = re.compile(_NAME)


def key_lines(text: str) -> dict[Path, int]:
    """Map the path of each table and key, with list positions, to its line, counted from 1."""
    lines: dict[Path, int] = {}
    for number, path, length in _walk(text):
        for end in range(length + 1, len(path) + 1):
            lines.setdefault(path[:end], number)
    return lines


def header_lines(text: str) -> list[tuple[int, Path]]:
    """List the `[table]` and `[[table]]` lines in order, each with its path."""
    return [(number, path) for number, path, length in _walk(text) if not length]


def _walk(text: str) -> Iterator[tuple[int, Path, int]]:
    """Yield line, path and the length of the table part of each key; 0 for a header."""
    counts: dict[Path, int] = {}
    table: Path = ()
    open_string = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not open_string and (header := _HEADER.match(line)):
            table = _enter(_split(header[2]), counts, is_array=header[1] == "[[")
            yield number, table, 0
        elif not open_string and (key := _KEY.match(line)):
            yield number, table + _split(key[1]), len(table)
        open_string = _string_left_open(line, open_string)


def open_string(text: str) -> tuple[int, str]:
    """The line in which a string of several lines begins that never ends, and its quotes."""
    open_quotes, since = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        before, open_quotes = open_quotes, _string_left_open(line, open_quotes)
        if open_quotes and not (before and before == open_quotes and open_quotes not in line):
            since = number
    return (since, open_quotes) if open_quotes else (0, "")


def find_line(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of `path`, or of the nearest thing around it; 0 if nothing is known."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in _NAMES.findall(dotted))


def _enter(names: tuple[str, ...], counts: dict[Path, int], *, is_array: bool) -> Path:
    path: Path = ()
    for position, name in enumerate(names):
        path += (name,)
        if is_array and position == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _string_left_open(line: str, open_string: str) -> str:
    """Return the quotes of the multi-line string that is still open at the end of `line`."""
    index = 0
    while index < len(line):
        if open_string:
            end = _closing(line, index, open_string)
            if end < 0:
                return open_string
            index, open_string = end, ""
        elif line[index] == "#":
            return ""
        elif line[index] in "\"'":
            quote = line[index] * 3 if line.startswith(line[index] * 3, index) else line[index]
            index, open_string = index + len(quote), quote
        else:
            index += 1
    return open_string if len(open_string) == 3 else ""


def _closing(line: str, index: int, quote: str) -> int:
    while index < len(line):
        if line[index] == "\\" and quote[0] == '"':
            index += 2
        elif line.startswith(quote, index):
            return index + len(quote)
        else:
            index += 1
    return -1
