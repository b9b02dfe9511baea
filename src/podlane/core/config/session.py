"""`[session_server]`: where GitLab would reach interactive terminals. Read and checked only."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from podlane.core.config.notes import ConfigNote
from podlane.core.config.place import Found

_ADDRESS = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]*)(?::([0-9]{1,5}))?")


class SessionServer(msgspec.Struct, frozen=True):
    """`[session_server]`; addresses are `host:port`."""

    listen_address: str = ""  # empty: off
    advertise_address: str = ""  # for GitLab, without a scheme; empty: listen_address
    session_timeout: int = 1800  # seconds that a finished job is kept for an open terminal; 0: same


def faults(session: SessionServer) -> Iterator[tuple[str, str]]:
    for key in ("listen_address", "advertise_address"):
        text = getattr(session, key)
        if "://" in text:
            yield key, "has a scheme, and is written without: `host:port`"
        elif text and not _is_address(text):
            yield key, "is no address, which is written `host:port`"
    if session.session_timeout < 0:
        yield "session_timeout", "must be 0 or more"


def remarks(session: SessionServer) -> list[Found]:
    """Whoever has switched it on should hear that it is not there yet."""
    if not session.listen_address:
        return []
    message = "`session_server` is read and checked, and not yet there: no terminals are offered"
    return [Found(ConfigNote("later", "session_server", message), ("session_server",))]


def _is_address(text: str) -> bool:
    found = _ADDRESS.fullmatch(text)
    return found is not None and int(found[1] or 0) < 2**16
