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


def in_one_line(one: Finding) -> Finding:
    """Others' sentences, which are in some of them, may be of several lines."""
    message, fix = (" ".join(text.split()) for text in (one.message, one.fix))
    return msgspec.structs.replace(one, message=message, fix=fix)


def without_credentials(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def ok(check: str, message: str) -> Finding:
    return Finding("ok", check, message)


def failed(check: str, message: str, fix: str) -> Finding:
    return Finding("FAIL", check, message, fix)


def skipped(check: str, why: str) -> Finding:
    return Finding("skip", check, why)
