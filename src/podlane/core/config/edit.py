"""Changes to the text of config.toml: everything else in it stays as its owner wrote it.

Each change is checked against what it should mean: the new text, read as TOML, must be the old one
with just that difference. What cannot be changed safely is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from podlane.core.config.lines import header_lines
from podlane.core.config.toml import read_toml
from podlane.errors import ConfigError

_FIRST_LINES = "concurrent = 1\ncheck_interval = 0\nshutdown_timeout = 0\n"


def add_runner(text: str, runner: dict[str, Any]) -> str:
    """Append a `[[runners]]` entry; `runner` holds its keys, tables as dicts."""
    before = read_toml(text)
    block = _indented(tomlkit.dumps({"runners": [runner]}))
    start = text if text.strip() else _FIRST_LINES
    after = start.rstrip("\n") + "\n\n" + block
    wanted = [*before.get("runners", []), runner]
    return _checked(after, {**read_toml(start), "runners": wanted})


def remove_runners(text: str, indexes: set[int]) -> str:
    """Take out entries by position, with the comments right above them."""
    before = read_toml(text)
    lines = text.split("\n")
    gone: set[int] = set()
    headers = header_lines(text)
    starts = [_with_comments(lines, number - 1) for number, _ in headers]
    for position, (_, path) in enumerate(headers):
        if path[:1] == ("runners",) and len(path) > 1 and path[1] in indexes:
            end = starts[position + 1] if position + 1 < len(starts) else len(lines)
            gone.update(range(starts[position], end))
    after = "\n".join(line for number, line in enumerate(lines) if number not in gone)
    kept = [entry for index, entry in enumerate(before.get("runners", [])) if index not in indexes]
    wanted = (
        {**before, "runners": kept} if kept else {k: v for k, v in before.items() if k != "runners"}
    )
    return _checked(after, wanted)


def set_values(text: str, index: int, values: Mapping[str, str | int | datetime]) -> str:
    """Set keys of one `[[runners]]` entry, such as a new token."""
    before = read_toml(text)
    wanted = [dict(entry) for entry in before.get("runners", [])]
    wanted[index].update(values)
    try:
        document = tomlkit.parse(text)
        entry: Any = document["runners"][index]
        indent = len(entry["token"].trivia.indent) if "token" in entry else 2
        for key, value in values.items():
            item = tomlkit.item(value)
            entry[key] = item if key in entry else item.indent(indent)
        after = tomlkit.dumps(document)
    except TOMLKitError as error:
        raise _refused() from error
    return _checked(after, {**before, "runners": wanted})


def add_secret_volume(text: str, index: int, name: str, mount_path: str) -> str:
    """Mount a Secret into the jobs of one `[[runners]]` entry, read-only."""
    before = read_toml(text)
    volume = {"name": name, "mount_path": mount_path, "read_only": True}
    wanted = copy.deepcopy(before)
    entry = wanted["runners"][index]
    mounts = entry.setdefault("kubernetes", {}).setdefault("volumes", {}).setdefault("secret", [])
    mounts.append(volume)
    lines = text.rstrip("\n").split("\n")
    place = _end_of_runner(text, len(lines), index)
    header = ["", "    [[runners.kubernetes.volumes.secret]]"]
    body = [f"      {line}" for line in tomlkit.dumps(volume).strip().split("\n")]
    after = "\n".join([*lines[:place], *header, *body, *lines[place:]]) + "\n"
    return _checked(after, wanted)


def _end_of_runner(text: str, end: int, index: int) -> int:
    """Return the position of the line before which the tables of a runner entry end."""
    own = ("runners", index)
    headers = iter(header_lines(text))
    for _, path in headers:
        if path[:2] == own:
            break
    for number, path in headers:
        if path[:2] != own:
            return _with_comments(text.split("\n"), number - 1)
    return end


def _with_comments(lines: list[str], header: int) -> int:
    """Return where a table begins, counting the comment lines right above its header."""
    while header > 0 and lines[header - 1].lstrip().startswith("#"):
        header -= 1
    return header


def _indented(block: str) -> str:
    """Indent as gitlab-runner writes its file: two spaces a level."""
    depth, found = 0, []
    for line in block.split("\n"):
        if line.startswith("["):
            depth = line.partition("]")[0].count(".")
        spaces = "  " * (depth if line.startswith("[") else depth + 1)
        found.append(spaces + line if line else line)
    return "\n".join(found).rstrip("\n") + "\n"


def _checked(after: str, wanted: dict[str, Any]) -> str:
    try:
        same = read_toml(after) == wanted
    except ConfigError:
        same = False
    if not same:
        raise _refused()
    return after


def _refused() -> ConfigError:
    return ConfigError(
        "this config.toml cannot be changed without losing what its owner wrote",
        hint="each runner must be a `[[runners]]` table of its own; edit the file by hand",
        reference="config-edit",
    )
