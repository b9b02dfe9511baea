"""What the manager lets a running helper know, by the pod's annotation: of a job in trouble, or of
some length.

`defer`: why the helper shall leave the last word to the manager. `services`: those that have
ended, which the helper cannot see. Their text is a process's own output, so it is shown masked.
`images`: the digests that run, by container, once the job has run for some seconds. `waits`: why
another container has not started yet, where there is hope that it will.
"""

from __future__ import annotations

import msgspec

TAIL_LIMIT = 2048
_TOTAL_LIMIT = 16 * 1024


class ServiceEnd(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one service ended. `reason` is the kubelet's, `tail` the last of what it printed."""

    name: str
    exit_code: int = 0
    reason: str = ""
    tail: str = ""
    memory_limit: str = ""


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    defer: str = ""
    services: tuple[ServiceEnd, ...] = ()
    images: dict[str, str] = {}
    waits: str = ""


def encode_told(told: Told) -> str:
    """Write it as the annotation's value; of many long tails only the ends are kept."""
    room = min(TAIL_LIMIT, _TOTAL_LIMIT // max(1, len(told.services)))
    cut = tuple(
        msgspec.structs.replace(one, tail=one.tail[max(0, len(one.tail) - room) :])
        for one in told.services
    )
    defer, waits = told.defer[:TAIL_LIMIT], told.waits[:TAIL_LIMIT]
    return msgspec.json.encode(Told(defer, cut, told.images, waits)).decode()


def parse_told(text: str) -> Told:
    """Read the annotation; whatever is not ours says nothing."""
    try:
        return msgspec.json.decode(text or "{}", type=Told)
    except msgspec.MsgspecError:
        return Told()
