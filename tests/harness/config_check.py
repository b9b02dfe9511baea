"""`podlane config check --against` as a process, with what it found as plain data."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from harness.manager import COMMAND


class Ended(msgspec.Struct, frozen=True):
    """`findings` by key without the runner's name; `err` is what went to standard error."""

    code: int
    findings: dict[str, list[str]]
    err: str
    would_run: bool = False


async def against(
    folder: Path, config: Mapping[str, Any], environ: Mapping[str, str], cluster: str = "."
) -> Ended:
    file = folder / "checked.toml"
    file.write_text(tomlkit.dumps(config))
    process = await asyncio.create_subprocess_exec(
        *(str(COMMAND), "config", "check", str(file), "--json", "--against", cluster),
        env={**os.environ, "HOME": str(folder), **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    found: dict[str, list[str]] = {}
    told: dict[str, Any] = json.loads(out) if out else {"findings": (), "would_run": False}
    for one in told["findings"]:
        key = one["key"].rpartition('" ')[2]
        found.setdefault(key, []).append(f"{one['level']}: {one['message']}")
    return Ended(process.returncode, found, err.decode(), told["would_run"])
