"""A runner's token that changes: whether the manager changes it, and who the runner is after."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import msgspec

from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.times import read_time
from podlane.core.text.token import Token

OBTAINED, EXPIRES, REPLACED = "_OBTAINED_AT", "_EXPIRES_AT", "_REPLACED"  # beside `PODLANE_TOKEN_1`
_REFERENCE = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)
FLAG = "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION"


class Renewal(msgspec.Struct, frozen=True):
    """The token that GitLab has given for another, and its times."""

    token: Token
    obtained_at: str
    expires_at: str


def rotates(runner: RunnerConfig) -> bool:
    """Whether its token ends, and nobody has forbidden us to exchange it."""
    return read_time(runner.token_expires_at) is not None and not runner.feature_flags.get(
        FLAG, False
    )


def reference(token: object) -> str:
    """The name of the variable that a file has in place of the token; "" when it has none."""
    match = _REFERENCE.fullmatch(token.strip()) if isinstance(token, str) else None
    return (match[1] or match[2]) if match else ""


def times_beside(token: object, environ: Mapping[str, str]) -> dict[str, str]:
    """The times of a token that the Secret of a Deployment holds: newer than those of the file."""
    name = reference(token)
    keys = {"token_obtained_at": f"{name}{OBTAINED}", "token_expires_at": f"{name}{EXPIRES}"}
    if not name.startswith("PODLANE_") or not environ.get(keys["token_expires_at"]):
        return {}
    return {key: environ.get(beside, "") for key, beside in keys.items()}


def renewed(config: Config, renewals: Mapping[Token, Renewal]) -> Config:
    """The configuration with the tokens that are good now, where the file still has older ones."""
    runners = tuple(_renewed(one, renewals) for one in config.runners)
    return msgspec.structs.replace(config, runners=runners)


def _renewed(runner: RunnerConfig, renewals: Mapping[Token, Renewal]) -> RunnerConfig:
    while (found := renewals.get(runner.token)) is not None:
        runner = msgspec.structs.replace(
            runner,
            token=found.token,
            token_obtained_at=found.obtained_at,
            token_expires_at=found.expires_at,
        )
    return runner


def predecessor(runner: RunnerConfig, gone: Mapping[str, RunnerConfig]) -> str:
    """The key of the one in `gone`, runners that a file has no longer, which this one is under
    another token: GitLab's number tells, or the name where one of them has no number. Else ""."""
    for key, old in gone.items():
        numbered = bool(runner.id and old.id)
        same = runner.id == old.id if numbered else runner.name and runner.name == old.name
        if same and runner.url == old.url:
            return key
    return ""


def digest(token: Token) -> str:
    """What tells a replaced token again without being one."""
    return hashlib.sha256(token.reveal().encode()).hexdigest()[:16]
