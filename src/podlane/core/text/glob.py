"""Path patterns as GitLab and its runner understand them, turned into regular expressions.

`*` and `?` stop at a slash, `**` crosses it, `[...]` and `{a,b}` as in a shell, a leading dot is
nothing special. One reading serves artifacts and caches (doublestar in the runner) and
`rules:changes` and `rules:exists` (fnmatch with PATHNAME, DOTMATCH and EXTGLOB in GitLab).

Every text is a pattern: what is not closed or makes no sense stands for itself, or matches nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

Pattern = re.Pattern[str]
_DEEPEST = 30  # levels of braces: nobody writes more, and each costs the compiler a call


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile `pattern`; match it with `fullmatch` against a relative path with `/`."""
    return re.compile(_translate(pattern.removeprefix("./")), re.DOTALL)


@lru_cache(maxsize=64)
def compile_text(pattern: str) -> re.Pattern[str]:
    """Compile a pattern for any text, as in `${NAME%pattern}`: a slash is a sign like others."""
    out: list[str] = []
    index = 0
    while index < len(pattern):
        sign = pattern[index]
        if sign in "*?":
            out.append(".*" if sign == "*" else ".")
            index += 1
        else:
            piece, index = _piece(pattern, index, 0, in_path=False)
            out.append(piece)
    return re.compile("".join(out), re.DOTALL)


def matches(pattern: str, path: str) -> bool:
    return compile_pattern(pattern).fullmatch(path) is not None


def is_pattern(text: str) -> bool:
    """Tell whether `text` needs matching at all, or names one path."""
    return any(sign in text for sign in "*?[{\\")


def _translate(pattern: str, *, with_braces: bool = True) -> str:
    out: list[str] = []
    index = depth = deepest = 0
    while index < len(pattern):
        if pattern[index] == "{" and not with_braces:
            piece, index = "\\{", index + 1
        else:
            piece, index = _piece(pattern, index, depth)
        depth += (piece == "(?:") - (piece == ")")
        deepest = max(deepest, depth)
        out.append(piece)
    if depth or deepest > _DEEPEST:  # a brace that is never closed stands for itself
        return _translate(pattern, with_braces=False)
    return "".join(out)


def _piece(pattern: str, index: int, depth: int, *, in_path: bool = True) -> tuple[str, int]:
    sign = pattern[index]
    if sign == "*":
        return _stars(pattern, index)
    if sign == "[":
        return _bracket(pattern, index, in_path=in_path)
    if sign == "/" and pattern[index:] == "/**":
        return "(?:/.*)?", len(pattern)  # the folder itself, too
    if sign == "\\" and index + 1 < len(pattern):
        return re.escape(pattern[index + 1]), index + 2
    simple = {"?": "[^/]", "{": "(?:"}.get(sign) if in_path else None
    if simple is None and depth:
        simple = {",": "|", "}": ")"}.get(sign)
    return simple or re.escape(sign), index + 1


def _stars(pattern: str, index: int) -> tuple[str, int]:
    at_start = index == 0 or pattern[index - 1] in "/{,"
    if at_start and pattern.startswith("**/", index):
        while pattern.startswith("**/", index):  # many in a row mean no more than one
            index += 3
        return "(?:[^/]+/)*", index
    if at_start and pattern[index:] == "**":
        return ".*", index + 2
    end = index
    while end < len(pattern) and pattern[end] == "*":
        end += 1
    return "[^/]*", end


def _bracket(pattern: str, index: int, *, in_path: bool) -> tuple[str, int]:
    """A class of signs: single ones and ranges; a range from high to low holds none."""
    start = index + 1
    is_not = pattern[start : start + 1] in ("!", "^")
    start += is_not
    signs: list[str] = []
    at = start
    while at < len(pattern) and (pattern[at] != "]" or at == start):
        sign, at = _member(pattern, at)
        if pattern[at : at + 1] == "-" and pattern[at + 1 : at + 2] not in ("", "]"):
            last, at = _member(pattern, at + 1)
            if sign <= last:
                signs.append(f"{re.escape(sign)}-{re.escape(last)}")
        else:
            signs.append(re.escape(sign))
    if at >= len(pattern):
        return re.escape("["), index + 1
    ahead = "(?!/)" if in_path else ""
    if not signs:
        return (f"{ahead}." if is_not else "(?!)"), at + 1
    return f"{ahead}[{'^' if is_not else ''}{''.join(signs)}]", at + 1


def _member(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] == "\\" and at + 1 < len(pattern):
        return pattern[at + 1], at + 2
    return pattern[at], at + 1
