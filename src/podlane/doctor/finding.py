"""What one look found: one line for people, with what mends it."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["ok", "warn", "FAIL", "skip"]


class Finding(msgspec.Struct, frozen=True):
    """`skip`: it cannot be known, and `message` says why. No secret is in any field."""

    state: State
    check: str
    message: str
    fix: str = ""


def ok(check: str, message: str) -> Finding:
    return Finding("ok", check, message)


def failed(check: str, message: str, fix: str) -> Finding:
    return Finding("FAIL", check, message, fix)


def skipped(check: str, why: str) -> Finding:
    return Finding("skip", check, why)
