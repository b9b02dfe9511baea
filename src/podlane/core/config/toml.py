"""TOML text → plain values, with errors that name the line and show no secret."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from podlane.core.config.lines import Path, find_line, open_string
from podlane.errors import ConfigError

_POSITION = re.compile(r"(.*?) \(at line (\d+), column (\d+)\)", re.DOTALL)
_SECRET_WORDS = re.compile(
    r"token|secret|passw|key|credential|auth|dsn|environment|gl[a-z]{2,6}-|GR\d{6}|://[^/\s]*@",
    re.IGNORECASE,
)
_SHOWN = 100


class BrokenToml(ConfigError):
    """The text is no TOML; `sentence` says where in `line`, which is 0 where nobody knows."""

    def __init__(self, sentence: str, *, line: int, hint: str) -> None:
        mark = ", " if sentence.startswith("column") else ": "
        where = f"line {line}{mark}" if line else ""
        super().__init__(where + sentence, hint=hint, reference="config-toml")
        self.line = line
        self.sentence = sentence


def read_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff") + "\n")
    except tomllib.TOMLDecodeError as error:
        raise _broken(text, str(error)) from None


def runner_tables(raw: dict[str, Any], lines: dict[Path, int]) -> list[dict[str, Any]]:
    """Return the `[[runners]]` entries as they stand in the file."""
    runners = raw.get("runners", [])
    if isinstance(runners, list) and all(isinstance(entry, dict) for entry in runners):
        return runners
    line = find_line(lines, ("runners",))
    raise ConfigError(
        f"line {line}: `runners` is not a list of tables",
        hint="each runner starts with a line `[[runners]]`, in double brackets",
        reference="config-type",
    )


def _broken(text: str, reason: str) -> BrokenToml:
    """Say where the text stops being TOML; the parser's own words hold no values."""
    position = _POSITION.fullmatch(reason)
    if position is None:
        since, quotes = open_string(text)
        if since:
            return BrokenToml(
                f"the file is not TOML: the text that begins here with `{quotes}` never ends",
                line=since,
                hint=f"end it with `{quotes}`",
            )
        return BrokenToml(
            f"the file is not TOML: {reason}",
            line=0,
            hint='a bracket, quote or `"""` is probably left open',
        )
    number, column = int(position[2]), int(position[3])
    all_lines = text.split("\n")
    line = all_lines[number - 1] if 0 < number <= len(all_lines) else ""
    return BrokenToml(
        f"column {column}: the file is not TOML: {position[1]}: {_quoted(line)}",
        line=number,
        hint="mend that line; texts stand in quotes, and a `[[runners]]` starts each runner",
    )


def _quoted(line: str) -> str:
    if not _SECRET_WORDS.search(line):
        return f"`{line.strip()[:_SHOWN]}`"
    key, equals, _ = line.partition("=")
    name = key.strip()
    if equals and re.fullmatch(r"[\w.\"'-]+", name) and not re.search(r"gl[a-z]{2,6}-", name):
        return f"`{name} = …` (its value is not shown)"
    return "the line is not shown, it may hold a secret"
