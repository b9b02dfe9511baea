"""A config.toml that is older than the Secret: which token stays."""

from __future__ import annotations

import pytest

from podlane.core.config.check import check
from podlane.core.config.rotation import digest
from podlane.core.deploy.rotated import with_rotated
from podlane.core.deploy.secrets import without_secrets
from podlane.core.deploy.wish import Wish, derived_system_id
from podlane.core.text.token import Token

ENTRY = (
    '[[runners]]\nname = "{0}"\nurl = "https://h"\ntoken = "glrt-{0}"\nexecutor = "kubernetes"\n'
)


def wish(*names: str) -> Wish:
    text, secrets = without_secrets("".join(ENTRY.format(name) for name in names))
    config = check(text, {key: one.reveal() for key, one in secrets.items()}).config
    return Wish(text, config, secrets, image="i")


ROTATED = {
    "PODLANE_TOKEN_1": "glrt-newer",
    "PODLANE_TOKEN_1_OBTAINED_AT": "2026-01-01T00:00:00+00:00",
    "PODLANE_TOKEN_1_EXPIRES_AT": "2026-02-01T00:00:00+00:00",
    "PODLANE_TOKEN_1_REPLACED": f"{digest(Token('glrt-older'))} {digest(Token('glrt-old'))}",
}
EMPTY = dict.fromkeys(ROTATED, "")


def second(found: dict[str, str]) -> dict[str, str]:
    return {key.replace("TOKEN_1", "TOKEN_2"): value for key, value in found.items()}


@pytest.mark.parametrize(
    ("names", "there", "wanted", "told"),
    [
        (["old"], {}, {"PODLANE_TOKEN_1": "glrt-old"}, ""),
        (["old"], {"PODLANE_TOKEN_1": "glrt-old"}, {"PODLANE_TOKEN_1": "glrt-old"}, ""),
        (["old"], ROTATED, ROTATED, "the token of old"),
        (["older"], ROTATED, ROTATED, "the token of older"),
        (["newer"], ROTATED, ROTATED, ""),
        # registered anew: what stood beside the other token counts no more
        (["fresh"], ROTATED, EMPTY | {"PODLANE_TOKEN_1": "glrt-fresh"}, ""),
        # another runner stands before it now
        (
            ["first", "old"],
            ROTATED,
            EMPTY | {"PODLANE_TOKEN_1": "glrt-first"} | second(ROTATED),
            "the token of old",
        ),
        # and is gone again
        (["old"], second(ROTATED), ROTATED | second(EMPTY), "the token of old"),
    ],
)
def test_which_token_stays(
    names: list[str], there: dict[str, str], wanted: dict[str, str], told: str
) -> None:
    before = wish(*names)
    found, lines = with_rotated(before, {key: Token(text) for key, text in there.items()}, {})
    assert {key: token.reveal() for key, token in found.secrets.items()} == wanted
    assert (len(lines), told in "".join(lines)) == (1 if told else 0, True)
    assert "glrt-" not in "".join(lines)
    runner = found.config.runners[names.index("old") if "old" in names else 0]
    assert runner.token.reveal() in wanted.values()
    if found != before:
        assert found.system_id == derived_system_id(before)
        ends = "2026-02-01T00:00:00+00:00" if names != ["fresh"] else ""
        assert runner.token_expires_at == ends
