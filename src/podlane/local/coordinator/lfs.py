"""Large files over HTTP: Git LFS's batch call and the objects themselves, for the same tokens."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from podlane.local.coordinator.git import denied

_TYPE = "application/vnd.git-lfs+json"
_OID = re.compile(r"[0-9a-f]{64}")


class LfsServer:
    """Keeps the objects of all projects below `root`. `may(request)`: is its token good?"""

    def __init__(self, root: Path, may: Callable[[web.Request], bool]) -> None:
        self.root = root
        self._may = may

    def add(self, data: bytes) -> str:
        """Keep a file and return the text that stands for it in a commit."""
        oid = hashlib.sha256(data).hexdigest()
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / oid).write_bytes(data)
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n"

    def routes(self) -> list[web.RouteDef]:
        base = r"/{project:.+}.git/info/lfs"
        return [
            web.post(base + "/objects/batch", self._batch),
            web.get(base + r"/objects/{oid:[0-9a-f]{64}}", self._get),
        ]

    async def _batch(self, request: web.Request) -> web.Response:
        if not self._may(request):
            return denied()
        asked: dict[str, Any] = await request.json()
        if asked.get("operation") != "download":
            return web.json_response({"message": "these can only be read"}, status=403)
        place = str(request.url).removesuffix("/batch")
        objects = [self._entry(item, place) for item in asked.get("objects", ())]
        answer = {"transfer": "basic", "objects": objects}
        return web.json_response(answer, content_type=_TYPE)

    def _entry(self, item: dict[str, Any], place: str) -> dict[str, Any]:
        oid, size = str(item.get("oid")), item.get("size")
        if not (_OID.fullmatch(oid) and (self.root / oid).is_file()):
            error = {"code": 404, "message": "no such object"}
            return {"oid": oid, "size": size, "error": error}
        return {"oid": oid, "size": size, "actions": {"download": {"href": f"{place}/{oid}"}}}

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if not self._may(request):
            return denied()
        path = self.root / request.match_info["oid"]
        return web.FileResponse(path) if path.is_file() else web.Response(status=404)
