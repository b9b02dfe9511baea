"""The coordinator's own program, inside its pod: serve until told to end, or forgotten."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from podlane.local.coordinator.app import Coordinator
from podlane.local.coordinator.control import Control


async def serve(root: Path, port: int, control_token: str) -> None:
    coordinator = Coordinator(root, host="0.0.0.0", port=port)
    coordinator.queue.long_poll = 30
    coordinator.queue.hands_out_late = True
    coordinator.calls.interval = 1
    control = Control(coordinator, control_token)
    coordinator.more_routes = control.routes()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with coordinator, asyncio.TaskGroup() as tasks:
        forgotten = tasks.create_task(control.until_forgotten())
        told = tasks.create_task(ended.wait())
        await asyncio.wait((forgotten, told), return_when=asyncio.FIRST_COMPLETED)
        forgotten.cancel()
        told.cancel()
