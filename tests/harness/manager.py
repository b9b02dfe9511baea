"""The manager under test: `podlane run` as a real process with a written config.toml."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import tomlkit

Config = Mapping[str, Any] | str  # a text is written as it is
COMMAND = Path(sys.executable).with_name("podlane")


class Manager:
    """One manager's folder and its process; `start` after `kill` is a restart."""

    def __init__(self, folder: Path, config: Config, environ: Mapping[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config_file = folder / "config.toml"
        self.log_file = folder / "manager.log"
        self._environ = {**os.environ, "HOME": str(folder), **environ}
        self._process: asyncio.subprocess.Process | None = None
        self.write(config)

    @property
    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def write(self, config: Config) -> None:
        fresh = self.config_file.with_suffix(".new")
        fresh.write_text(config if isinstance(config, str) else tomlkit.dumps(config))
        fresh.rename(self.config_file)

    async def start(self) -> None:
        with self.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                str(COMMAND),
                "run",
                "--config",
                str(self.config_file),
                env=self._environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def ended(self, seconds: float = 10) -> int:
        """Wait until it ends by itself; its exit code."""
        assert self._process is not None
        async with asyncio.timeout(seconds):
            return await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL: no last words."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it as an administrator would; its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        try:
            async with asyncio.timeout(10):
                return await self._process.wait()
        except TimeoutError:
            await self.kill()
            raise


@asynccontextmanager
async def running(
    folder: Path, config: Config, environ: Mapping[str, str]
) -> AsyncIterator[Manager]:
    manager = Manager(folder, config, environ)
    await manager.start()
    try:
        yield manager
    finally:
        await manager.stop()
