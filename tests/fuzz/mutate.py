"""Changes for the worse, by dice: to trees as they come from JSON or TOML, and to bytes."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

Tree = Any
_TEXTS = (
    "",
    " ",
    "\0",
    "../../etc/passwd",
    "$(id)",
    "`id`",
    "';reboot;'",
    '"\n\r\t\\',
    "${CI_JOB_TOKEN}",
    "$$ENV",
    "%2e%2e/",
    "-rf",
    "--upload-pack=id",
    "a" * 300,
    "ü\u202e\ud7ff",
    "1e9",
    "0x10",
    "[[runners]]",
    "{{ .Values.x }}",
)
_VALUES: tuple[Tree, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**31,
    2**63,
    1.5,
    -0.0,
    [],
    {},
    [None],
    {"a": {}},
)
_MOST = 4


def tree(dice: Random, found: Tree) -> Tree:
    """A copy with a few places changed."""
    changed = copy.deepcopy(found)
    for _ in range(dice.randint(1, _MOST)):
        changed = _change(dice, changed)
    return changed


def _change(dice: Random, found: Tree) -> Tree:
    """Walk to some place, and put something else there."""
    if isinstance(found, dict) and found and dice.random() < 0.9:
        key = dice.choice(sorted(found))
        if dice.random() < 0.1:
            return {other: value for other, value in found.items() if other != key}
        return found | {key: _change(dice, found[key])}
    if isinstance(found, list) and found and dice.random() < 0.85:
        at = dice.randrange(len(found))
        if dice.random() < 0.15:
            return found + [copy.deepcopy(found[at])] * dice.randint(1, 3)
        return [*found[:at], _change(dice, found[at]), *found[at + 1 :]]
    return _other(dice, found)


def _other(dice: Random, found: Tree) -> Tree:
    if dice.random() < 0.2:
        return copy.deepcopy(dice.choice(_VALUES))
    if isinstance(found, str):
        at = dice.randint(0, len(found))
        return found[:at] + dice.choice(_TEXTS) + (found[at:] if dice.random() < 0.7 else "")
    if isinstance(found, bool):
        return not found
    if isinstance(found, int | float):
        return dice.choice((0, 1, -found, found * 1000, found + 0.5))
    return dice.choice(_TEXTS)


def cut(dice: Random, data: bytes) -> bytes:
    """A copy of bytes with a few flipped, taken out, put in twice or cut off."""
    found = bytearray(data)
    for _ in range(dice.randint(1, _MOST * 2)):
        if not found:
            break
        at, size = dice.randrange(len(found)), dice.randint(1, 8)
        match dice.randrange(5):
            case 0:
                found[at] ^= 1 << dice.randrange(8)
            case 1:
                found[at : at + size] = dice.randbytes(size)
            case 2:
                del found[at : at + size]
            case 3:
                found[at:at] = found[at : at + size]
            case _:
                found[at : at + 4] = dice.choice((b"\xff" * 4, b"\0" * 4, b"PK\3\4", b"PK\1\2"))
    return bytes(found[: dice.randint(0, len(found))] if dice.random() < 0.05 else found)
