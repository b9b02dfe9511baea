"""The cluster's events about a job's pod, for its log: the manager hands them to the helper by an
annotation of the pod, all that are to be shown so far. Only where FF_PRINT_POD_EVENTS is on.
"""

from __future__ import annotations

import msgspec

SIZE_LIMIT = 32 * 1024
_LINE_LIMIT = 1024
_TITLE = "Events of the pod:"


class PodEvent(msgspec.Struct, frozen=True):
    """`kind`: Normal or Warning."""

    kind: str
    reason: str
    message: str


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """`is_last`: the containers have started, or never will: no more events come."""

    events: tuple[PodEvent, ...] = ()
    is_last: bool = False


def encode_page(page: Page) -> str:
    """Write it as the annotation's value; the newest events are kept if there are too many."""
    events, size = [], 0
    for event in reversed(page.events):
        cut = msgspec.structs.replace(event, message=event.message[:_LINE_LIMIT])
        size += len(msgspec.json.encode(cut)) + 1
        if size > SIZE_LIMIT:
            break
        events.append(cut)
    return msgspec.json.encode(Page(tuple(reversed(events)), page.is_last)).decode()


def parse_page(text: str) -> Page:
    """Read the annotation; whatever is not ours says nothing."""
    try:
        return msgspec.json.decode(text or "{}", type=Page)
    except msgspec.MsgspecError:
        return Page()


def rows(events: tuple[PodEvent, ...], *, with_title: bool) -> tuple[str, ...]:
    """One line an event, in columns."""
    found = (f"  {one.kind:<8} {one.reason:<20} {' '.join(one.message.split())}" for one in events)
    return (*((_TITLE,) if with_title and events else ()), *found)
