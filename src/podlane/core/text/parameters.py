"""Shell parameter expansion, as names and paths of artifacts and caches use it.

The text is read as between double quotes: `$A`, `${A}`, `${A:-word}` and the other forms with a
word, `${A#pattern}`, `${A%pattern}`, `${A/pattern/text}`, `${A:1:2}`, `${#A}`, `${A^^}`, `${A,,}`.
Commands are never run, and nothing is computed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from podlane.core.text import glob

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NUMBERS = re.compile(r":\s*(-?[0-9]{1,9})\s*(?::\s*(-?[0-9]{1,9})\s*)?")
_CHOICES = (":-", ":=", ":+", ":?", "-", "=", "+", "?")
_DEEPEST = 30
_LONGEST = 64 * 1024  # signs of a value that a pattern is held against


def expand_shell(text: str, env: Mapping[str, str]) -> str:
    """Replace references by values; an unknown name by nothing.

    ValueError, with a clause that says why, when the text asks for what is not done here.
    """
    out: list[str] = []
    index = 0
    while index < len(text):
        sign, following = text[index], text[index + 1 : index + 2]
        if sign == "\\" and following in ("$", "`", '"', "\\"):
            out.append(following)
            index += 2
        elif sign == "$" and following == "{":
            end = _closing(text, index + 2)
            out.append(_braced(text[index + 2 : end], env))
            index = end + 1
        elif sign == "`" or (sign == "$" and following == "("):
            raise ValueError("it holds a command, and none is run here")
        elif sign == "$" and (name := _NAME.match(text, index + 1)):
            out.append(env.get(name[0], ""))
            index = name.end()
        else:
            out.append(sign)
            index += 1
    return "".join(out)


def _closing(text: str, index: int) -> int:
    """Where the `}` is that belongs to a `${` before `index`."""
    depth = 1
    while index < len(text):
        if text[index] == "\\":
            index += 1
        elif text.startswith("${", index):
            depth += 1
            index += 1
            if depth > _DEEPEST:
                raise ValueError("it is nested too deeply")
        elif text[index] == "}":
            depth -= 1
            if not depth:
                return index
        index += 1
    raise ValueError("a `${` in it is never closed")


def _braced(inside: str, env: Mapping[str, str]) -> str:
    is_length = inside.startswith("#") and len(inside) > 1
    name = _NAME.match(inside, int(is_length))
    if name is None:
        raise ValueError(f"`${{{inside[:40]}}}` is no reference to a variable")
    value, rest = env.get(name[0]), inside[name.end() :]
    if is_length and not rest:
        return str(len(value or ""))
    if is_length:
        raise ValueError(f"`${{{inside[:40]}}}` is no reference to a variable")
    if not rest:
        return value or ""
    for form in _CHOICES:
        if rest.startswith(form):
            return _choose(name[0], value, form, rest.removeprefix(form), env)
    return _changed(value or "", rest, env)


def _choose(name: str, value: str | None, form: str, word: str, env: Mapping[str, str]) -> str:
    is_there = bool(value) if form.startswith(":") else value is not None
    if form[-1] == "+":
        return expand_shell(word, env) if is_there else ""
    if is_there:
        return value or ""
    if form[-1] == "?":
        raise ValueError(f"{name}: {expand_shell(word, env) or 'it is not set'}")
    return expand_shell(word, env)


def _changed(value: str, rest: str, env: Mapping[str, str]) -> str:
    if numbers := _NUMBERS.fullmatch(rest):
        return _part(value, int(numbers[1]), None if numbers[2] is None else int(numbers[2]))
    if len(value) > _LONGEST:
        raise ValueError("the value is too long to be held against a pattern")
    if rest in ("^^", ",,"):
        return value.upper() if rest == "^^" else value.lower()
    if rest in ("^", ","):
        return (value[:1].upper() if rest == "^" else value[:1].lower()) + value[1:]
    if rest[0] in "#%":
        return _trimmed(value, rest, env)
    if rest[0] == "/":
        return _replaced(value, rest[1:], env)
    raise ValueError(f"`{rest[:20]}` after a variable's name means nothing here")


def _part(value: str, start: int, length: int | None) -> str:
    if start < 0:
        start = max(0, len(value) + start) if -start <= len(value) else len(value)
    if length is None:
        return value[start:]
    return value[start : start + length] if length >= 0 else value[start:length]


def _trimmed(value: str, rest: str, env: Mapping[str, str]) -> str:
    sign = rest[0]
    is_greedy = rest[1:2] == sign
    pattern = glob.compile_text(expand_shell(rest[1 + is_greedy :], env))
    sizes = range(len(value), -1, -1) if is_greedy else range(len(value) + 1)
    for size in sizes:
        if sign == "#" and pattern.fullmatch(value, 0, size):
            return value[size:]
        if sign == "%" and pattern.fullmatch(value, len(value) - size):
            return value[: len(value) - size]
    return value


def _replaced(value: str, rest: str, env: Mapping[str, str]) -> str:
    how = rest[0] if rest[:1] in ("/", "#", "%") else ""
    before, _, after = _cut(rest.removeprefix(how))
    text = expand_shell(after, env)
    pattern = glob.compile_text(expand_shell(before, env))
    if not before:
        return value
    if how == "#":
        found = pattern.match(value)
        return text + value[found.end() :] if found else value
    if how == "%":
        start = next((n for n in range(len(value) + 1) if pattern.fullmatch(value, n)), None)
        return value if start is None else value[:start] + text
    return pattern.sub(lambda _: text, value, count=0 if how == "/" else 1)


def _cut(text: str) -> tuple[str, str, str]:
    """Cut at the first slash that is not escaped."""
    index = 0
    while index < len(text) and text[index] != "/":
        index += 2 if text[index] == "\\" else 1
    return text[:index], text[index : index + 1], text[index + 1 :]
