"""The private registry of the real cluster under an address of a scenario's own.

A relay in front of it, on the node's loopback: it can go down and come back while others pull, and
what the node has from it is nobody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harness import cluster

HOST, PRIVATE_PORT = "127.0.0.1", 5001


class Registry:
    """`address` is what an image's name begins with."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._port = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._goes_on = asyncio.Event()
        self._goes_on.set()

    @property
    def address(self) -> str:
        return f"{HOST}:{self._port}"

    async def start(self) -> None:
        """Come up, under the same address each time."""
        self._server = await asyncio.start_server(self._relay, HOST, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Go down: connections are refused, and those that are open are cut."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    async def hold(self) -> None:
        """Take connections, and answer nothing until `release`: a pull takes so long."""
        self._goes_on.clear()

    async def release(self) -> None:
        self._goes_on.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._goes_on.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, PRIVATE_PORT)
        except OSError:
            writer.close()
            return
        pair = {writer, far_writer}
        self._open |= pair
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            self._open -= pair


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def registry(*, is_up: bool = True, is_held: bool = False) -> AsyncIterator[Registry]:
    """A registry of one's own; what the node has pulled from it is removed at the end."""
    made = Registry()
    await made.start()
    if not is_up:
        await made.stop()
    if is_held:
        await made.hold()
    try:
        yield made
    finally:
        await made.release()
        await made.stop()
        await cluster.part("forget", made.address)
