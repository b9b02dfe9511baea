"""The object store of a scenario: versitygw where it is built, else moto; faults in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from stores import s3, trouble
from stores.trouble import Trouble


@asynccontextmanager
async def cache_config(
    settings: dict[str, Any] | None, folder: Path, host: str
) -> AsyncIterator[dict[str, Any]]:
    """What `[[runners]]` gets of a scenario's `store`: `troubles`, and keys of `[runners.cache]`.

    Nothing when the scenario has no store.
    """
    if settings is None:
        yield {}
        return
    given = dict(settings)
    troubles = msgspec.convert(given.pop("troubles", ()), tuple[Trouble, ...])
    with ExitStack() as stack:
        start = s3.versitygw if s3.is_built() else s3.moto
        server = stack.enter_context(start(folder, host))
        if troubles:
            to = (server.host, server.port)
            front = stack.enter_context(trouble.front(host, to, troubles))
            server = msgspec.structs.replace(server, port=front.port)
        yield {"cache": server.config(**given)}
