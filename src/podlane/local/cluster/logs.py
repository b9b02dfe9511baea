"""What a container has printed (`pods/NAME/log`), at once or as it comes (`follow`)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from podlane.local.cluster import failure
from podlane.local.cluster.kinds import POD, Object
from podlane.local.cluster.store import Store

_EVERY = 0.1
_BLOCK = 1 << 16


class Logs:
    """`folder` holds a file for each container, `POD.CONTAINER.log`."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder

    async def answer(self, request: web.Request) -> web.StreamResponse:
        key = (request.match_info["namespace"], request.match_info["name"])
        container = request.query.get("container", "")
        self._check(self._store.get(POD, key), container)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        follows = request.query.get("follow") in ("1", "true")
        offset = 0
        while True:
            is_last = not follows or not self._runs(key, container)
            while data := self._read(key[1], container, offset):
                offset += len(data)
                await response.write(data)
            if is_last:
                return response
            await asyncio.sleep(_EVERY)

    def _check(self, pod: Object, container: str) -> None:
        name = pod["metadata"]["name"]
        known = {one["name"] for one in pod["spec"]["containers"]}
        if container not in known:
            raise failure.bad_request(f"container {container} is not valid for pod {name}")
        if not _state(pod, container).keys() & {"running", "terminated"}:
            raise failure.bad_request(
                f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating'
            )

    def _runs(self, key: tuple[str, str], container: str) -> bool:
        pods = {item["metadata"]["name"]: item for item in self._store.items(POD, key[0])}
        pod = pods.get(key[1])
        return pod is not None and "running" in _state(pod, container)

    def _read(self, pod: str, container: str, offset: int) -> bytes:
        path = self._folder / f"{pod}.{container}.log"
        if not path.exists():
            return b""
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(_BLOCK)


def _state(pod: Object, container: str) -> Object:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next((one.get("state") or {} for one in statuses if one["name"] == container), {})
