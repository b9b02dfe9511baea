"""What every local run has around it: the real manager, and the cancel button on Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

from podlane import __version__
from podlane.manager.config_file import read_config
from podlane.manager.daemon import Manager, Signals
from podlane.manager.runners import Identity

Running = AbstractAsyncContextManager[None]


@asynccontextmanager
async def manager(root: Path, config_text: str, installation: str = "local") -> AsyncIterator[None]:
    """The real manager, as `podlane run` would serve it; an error in it ends the run."""
    file = root / "config.toml"
    file.touch(mode=0o600)
    file.write_text(config_text, encoding="utf-8")
    config = read_config(file, {}).config
    identity = Identity(
        version=__version__,
        system_id="s_local",
        installation=installation,
        host_name=socket.gethostname(),
        helper_image="",
    )
    signals = Signals()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Manager(config, file, identity).serve(signals))
        try:
            yield
        finally:
            signals.stop.set()


@contextmanager
def heard(cancel: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, TERM and a closed terminal press the cancel button."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, cancel)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
