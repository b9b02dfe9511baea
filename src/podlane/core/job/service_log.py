"""What services print, on its way from the manager, which may read it, to the helper, which owns
the trace: pages of numbered lines in an annotation (docs/decisions/0008-service-logs.md).

A page holds for each service the number of its first line and the lines. The n-th line of a
container is always line n, whoever reads the log and from where: so a page that comes twice, or
from another manager, shows nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

LINE_LIMIT = 4096
PAGE_LIMIT = 48 * 1024
MANAGER = ""
"""The name under which the manager says why it cannot read a log."""

Pages = dict[str, tuple[int, list[str]]]


class LogLine(msgspec.Struct, frozen=True):
    service: str
    number: int
    text: str


def encode_page(lines: Iterable[LogLine]) -> str:
    """Write the lines, of which those of one service follow each other without a gap."""
    page: Pages = {}
    for line in lines:
        page.setdefault(line.service, (line.number, []))[1].append(line.text[:LINE_LIMIT])
    return msgspec.json.encode(page).decode()


def read_page(text: str, seen: Mapping[str, int]) -> list[LogLine]:
    """The lines that are new; `seen`: by service, the number of the next line. A gap shows in the
    numbers."""
    try:
        page = msgspec.json.decode(text or "{}", type=Pages)
    except msgspec.MsgspecError:
        return []
    return [
        LogLine(service, first + index, line)
        for service, (first, lines) in page.items()
        for index, line in enumerate(lines)
        if first + index >= seen.get(service, 0)
    ]
