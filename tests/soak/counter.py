"""A server beside GitLab that scripts tell of themselves: how often each has begun."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def counting(host: str) -> AsyncIterator[tuple[str, Counter[int]]]:
    """Its address, and the count by number."""
    runs: Counter[int] = Counter()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        number = line.split()[1].strip(b"/") if line.count(b" ") == 2 else b""
        if number.isdigit():
            runs[int(number)] += 1
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hear, host, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://{host}:{port}", runs
    finally:
        server.close()
