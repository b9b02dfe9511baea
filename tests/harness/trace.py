"""Reading a trace as GitLab stored it: its sections, and what the script itself printed in one."""

from __future__ import annotations

import re

_ECHO = re.compile(rb"\x1b\[32;1m\$ [^\n]*\x1b\[0;m\n")


def section(trace: bytes, name: str) -> bytes:
    """The bytes between the header line of a section and its end mark."""
    marks = re.compile(
        rb"section_start:\d+:%(name)s(?:\[[^\]]*\])?\r\x1b\[0K[^\n]*\n(.*?)section_end:\d+:%(name)s\r"
        % {b"name": re.escape(name.encode())},
        re.DOTALL,
    )
    found = marks.findall(trace)
    assert len(found) == 1, f"{len(found)} sections {name} in the trace"
    return bytes(found[0])


def printed(trace: bytes, name: str) -> bytes:
    """What the script printed in a section: all of it but the echoed commands."""
    return _ECHO.sub(b"", section(trace, name))
