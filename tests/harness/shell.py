"""podlane's command line in a process of its own, as its user types it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

from harness.command import Ended


async def podlane(*words: str, typed: str = "", **environ: str) -> Ended:
    """Run it to its end; the servers of the test go on meanwhile."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "podlane",
        *words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "NO_COLOR": "1", **environ},
    )
    out, error = await process.communicate(typed.encode())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), error.decode())
