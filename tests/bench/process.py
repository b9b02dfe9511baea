"""What a process has used, from /proc: CPU seconds, memory."""

from __future__ import annotations

import os
import re
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def exact_cpu_seconds(pid: int) -> float:
    """From the scheduler's own count, in nanoseconds, of each thread."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def peak_resident_mib(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def anonymous_mib(pid: int) -> float:
    """What it holds for itself now. ProcessLookupError: it has gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        text = ""
    found = re.search(r"RssAnon:\s+(\d+) kB", text)  # one that nobody has reaped has no such line
    if found is None:
        raise ProcessLookupError(pid)
    return int(found[1]) / 1024
