"""Tokens that the manager has exchanged since a config.toml was written: its file has dead ones."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from podlane.core.config.check import check
from podlane.core.config.rotation import EXPIRES, OBTAINED, REPLACED, digest
from podlane.core.deploy.wish import Wish, derived_system_id
from podlane.core.text.token import Token

_BESIDE = (OBTAINED, EXPIRES, REPLACED)


def with_rotated(
    wish: Wish, there: Mapping[str, Token], environ: Mapping[str, str]
) -> tuple[Wish, tuple[str, ...]]:
    """Return the wish with the tokens that are good now, and a line for each that was not.

    `there`: the Secret as it is. Its keys are numbered by the place of a runner in the file, so a
    token is known again by itself, and what is left of another one under its key is emptied.
    """
    found = dict(wish.secrets)
    lines: list[str] = []
    for key, token in wish.secrets.items():
        source = source_of(token, there)
        for end in _BESIDE if source else ():
            if (source + end) in there:
                found[key + end] = there[source + end]
        if source and there[source] != token:
            found[key] = there[source]
            lines.append(_line(wish, token))
    for key in there:
        if key.endswith(_BESIDE) and key not in found:
            found[key] = Token("")
            token_key = key.removesuffix(next(end for end in _BESIDE if key.endswith(end)))
            found.setdefault(token_key, Token(""))
    if found == wish.secrets:
        return wish, ()
    revealed = {key: token.reveal() for key, token in found.items()}
    config = check(wish.config_text, {**environ, **revealed}).config
    system_id = wish.system_id or derived_system_id(wish)
    changed = msgspec.structs.replace(wish, secrets=found, config=config, system_id=system_id)
    return changed, tuple(lines)


def source_of(token: Token, there: Mapping[str, Token]) -> str:
    """The key of the Secret under which this token is, or the one that came in its place."""
    mark = digest(token)
    for key in there:
        marks = there.get(key + REPLACED, Token("")).reveal().split()
        if there[key] == token or mark in marks:
            return key
    return ""


def _line(wish: Wish, old: Token) -> str:
    name = next((one.name or one.url for one in wish.config.runners if one.token == old), "")
    return (
        f"  Secret {wish.name} in {wish.namespace}: keeps the token of {name} that the manager has"
        " exchanged; the one in your config.toml is worth nothing any more"
    )
