"""TLS in front of a server that speaks none, or whose own certificate is another's."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_BLOCK = 65536


@asynccontextmanager
async def relay(
    host: str, to: tuple[str, int], context: ssl.SSLContext, onward: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Listen at `host`, hand on byte by byte; the port. `onward`: TLS to the other side, too."""

    lines: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.add(asyncio.current_task())
        with suppress(OSError, asyncio.CancelledError):  # the end of the test, too
            other_reader, other_writer = await asyncio.open_connection(*to, ssl=onward)
            try:
                async with asyncio.TaskGroup() as group:
                    back = group.create_task(_copy(other_reader, writer))
                    await _copy(reader, other_writer)
                    back.cancel()
            finally:
                other_writer.transport.abort()
        writer.transport.abort()
        lines.discard(asyncio.current_task())

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for line in [one for one in lines if one is not None]:
            line.cancel()
            await asyncio.wait((line,))
        await asyncio.sleep(0)  # for what has been broken off to be closed


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_BLOCK):
            writer.write(data)
            await writer.drain()
    writer.close()
