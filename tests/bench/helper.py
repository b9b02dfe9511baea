"""What the helper of one job uses, seen from the node: sampled while it runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench import process

_EVERY = 0.05


@dataclass
class Use:
    """`anonymous_mib`: what the kernel cannot take back, as it can the pages of files."""

    cpu_seconds: float = 0.0
    resident_mib: float = 0.0
    anonymous_mib: float = 0.0


@asynccontextmanager
async def watched(name: str) -> AsyncIterator[Use]:
    """The use of the one helper that runs meanwhile in a pod whose name begins so."""
    use = Use()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_sample(name, use))
        try:
            yield use
        finally:
            task.cancel()


async def _sample(name: str, use: Use) -> None:
    pid = 0
    while True:
        pid = pid if pid and _is_helper(pid, name) else _find(name)
        with suppress(OSError, AssertionError, IndexError):
            use.cpu_seconds = max(use.cpu_seconds, process.cpu_seconds(pid))
            use.resident_mib = max(use.resident_mib, process.peak_resident_mib(pid))
            use.anonymous_mib = max(use.anonymous_mib, process.anonymous_mib(pid))
        await asyncio.sleep(_EVERY)


def _find(name: str) -> int:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _is_helper(int(folder.name), name):
            return int(folder.name)
    return 0


def _is_helper(pid: int, name: str) -> bool:
    """A pod's name is the host name of its containers."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        environ = Path(f"/proc/{pid}/environ").read_bytes() if b"helper" in words else b""
    except OSError:
        return False
    found = re.search(rb"HOSTNAME=([^\0]*)", environ)
    return found is not None and found[1].startswith(name.encode())
