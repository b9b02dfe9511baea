"""Shell parameter expansion as far as names and paths of artifacts and caches use it:
`$A`, `${A}`, `${A:-word}`. No command substitution."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(
    r"\\\$|\$(?P<name>[A-Za-z_]\w*)|\$\{(?P<braced>[A-Za-z_]\w*)(?::?-(?P<word>[^}]*))?\}"
)


def expand_shell(text: str, env: Mapping[str, str]) -> str:
    """Replace references by values; an unknown name by nothing."""

    def value(found: re.Match[str]) -> str:
        if found.group(0) == "\\$":
            return "$"
        name = found.group("name") or found.group("braced")
        return env.get(name, "") or found.group("word") or ""

    return _REFERENCE.sub(value, text)
