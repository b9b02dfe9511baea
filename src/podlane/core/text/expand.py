"""Go's `os.Expand`, which is how a GitLab runner replaces `$NAME` and `${NAME}` in values.

One pass, never recursive. `${` that is never closed and `${}` are eaten, a `$` before any other
sign stays. `$$` asks for the name `$` and `$1`, `$@` and their like for that one sign; what a
name stands for is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable

_SPECIAL = frozenset("*#$@!?-0123456789")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def expand(text: str, value_of: Callable[[str], str]) -> str:
    """Replace each reference in `text` by what `value_of` gives for its name."""
    out: list[str] = []
    last_brace = text.rfind("}")
    start = 0
    while (dollar := text.find("$", start)) >= 0 and dollar + 1 < len(text):
        out.append(text[start:dollar])
        name, start = _reference(text, dollar + 1, last_brace)
        if name:
            out.append(value_of(name))
        elif start == dollar + 1:
            out.append("$")
    out.append(text[start:])
    return "".join(out)


def _reference(text: str, index: int, last_brace: int) -> tuple[str, int]:
    """Return the name after a `$` and where the text goes on; no name: nothing to replace."""
    if text[index] == "{":
        if index > last_brace:  # told once for all, so hostile text costs no second search
            return "", index + 1
        end = text.index("}", index)
        return text[index + 1 : end], end + 1
    if text[index] in _SPECIAL:
        return text[index], index + 1
    end = index
    while end < len(text) and text[end] in _NAME:
        end += 1
    return text[index:end], end
