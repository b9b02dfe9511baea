"""The `dotenv` report: `KEY=VALUE` lines that become variables of later jobs."""

from __future__ import annotations

import re

_KEY = re.compile(r"\w+", re.ASCII)


def parse_dotenv(text: str) -> tuple[tuple[str, str], ...]:
    """Read the lines that are valid; GitLab has already refused a report with others."""
    pairs: list[tuple[str, str]] = []
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and _KEY.fullmatch(key.strip()):
            pairs.append((key.strip(), value.strip()))
    return tuple(pairs)
