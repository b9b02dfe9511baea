"""Path patterns as GitLab and its runner understand them, turned into regular expressions.

`*` and `?` stop at a slash, `**` crosses it, `[...]` and `{a,b}` as in a shell, a leading dot is
nothing special. One reading serves artifacts and caches (doublestar in the runner) and
`rules:changes` and `rules:exists` (fnmatch with PATHNAME, DOTMATCH and EXTGLOB in GitLab).
"""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile `pattern`; match it with `fullmatch` against a relative path with `/`."""
    return re.compile(_translate(pattern.removeprefix("./")), re.DOTALL)


def matches(pattern: str, path: str) -> bool:
    return compile_pattern(pattern).fullmatch(path) is not None


def is_pattern(text: str) -> bool:
    """Tell whether `text` needs matching at all, or names one path."""
    return any(sign in text for sign in "*?[{\\")


def _translate(pattern: str) -> str:
    out: list[str] = []
    index = depth = 0
    while index < len(pattern):
        piece, index = _piece(pattern, index, depth)
        depth += (piece == "(?:") - (piece == ")")
        out.append(piece)
    if depth:  # a brace that is never closed stands for itself
        return _translate(pattern.replace("{", "\\{"))
    return "".join(out)


def _piece(pattern: str, index: int, depth: int) -> tuple[str, int]:
    sign = pattern[index]
    if sign == "*":
        return _stars(pattern, index)
    if sign == "[":
        return _bracket(pattern, index)
    if sign == "\\" and index + 1 < len(pattern):
        return re.escape(pattern[index + 1]), index + 2
    simple = {"?": "[^/]", "{": "(?:"}.get(sign)
    if simple is None and depth:
        simple = {",": "|", "}": ")"}.get(sign)
    return simple or re.escape(sign), index + 1


def _stars(pattern: str, index: int) -> tuple[str, int]:
    at_start = index == 0 or pattern[index - 1] == "/"
    if at_start and pattern.startswith("**/", index):
        return "(?:[^/]+/)*", index + 3
    if at_start and pattern[index:] == "**":
        return ".*", index + 2
    end = index
    while end < len(pattern) and pattern[end] == "*":
        end += 1
    return "[^/]*", end


def _bracket(pattern: str, index: int) -> tuple[str, int]:
    end = pattern.find("]", index + 2)
    if end < 0:
        return re.escape("["), index + 1
    inside = pattern[index + 1 : end]
    sign = "^" if inside[0] in "!^" else ""
    inside = inside[len(sign) :].replace("\\", "\\\\").replace("[", "\\[")
    return f"(?!/)[{sign}{inside}]", end + 1
