"""Artifacts of the embedded GitLab: kept in files, one of each type for a job."""

from __future__ import annotations

import gzip
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from aiohttp import BodyPartReader, web

from podlane.local.coordinator.jobs import CoordinatorJob
from podlane.local.coordinator.runners import fail

_BLOCK = 256 * 1024
_KEY = re.compile(r"[A-Za-z0-9_]+")


@dataclass
class Artifacts:
    """`limit_bytes`: larger uploads are answered 413; 0: none is too large."""

    root: Path
    jobs: dict[int, CoordinatorJob]
    limit_bytes: int = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(r"/api/v4/jobs/{id:\d+}/artifacts", self._upload),
            web.get(r"/api/v4/jobs/{id:\d+}/artifacts", self._download),
        ]

    async def _upload(self, request: web.Request) -> web.Response:
        job = self.jobs.get(int(request.match_info["id"]))
        if job is None or request.headers.get("JOB-TOKEN") != job.token or job.is_over:
            raise fail(403, "403 Forbidden")
        kind = request.query.get("artifact_type", "archive")
        form = request.query.get("artifact_format", "zip")
        folder = self.root / str(job.id)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{kind}.{form}"
        name = await self._receive(request, target)
        self._check(job, kind, form, target)
        job.artifacts[kind] = target
        job.artifact_names[kind] = name
        return web.json_response({}, status=201)

    async def _receive(self, request: web.Request, target: Path) -> str:
        size = 0
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name == "file":
                with target.open("wb") as out:
                    while block := await part.read_chunk(_BLOCK):
                        size += len(block)
                        if self.limit_bytes and size > self.limit_bytes:
                            raise fail(413, "413 Request Entity Too Large")
                        out.write(block)
                return part.filename or ""
        raise fail(400, "400 Bad request - file is missing")

    def _check(self, job: CoordinatorJob, kind: str, form: str, target: Path) -> None:
        if kind == "archive" and not (form == "zip" and zipfile.is_zipfile(target)):
            raise fail(400, "400 Bad request - archive must be zip")
        if kind == "dotenv":
            if form != "gzip":
                raise fail(400, "400 Bad request - dotenv must be gzip")
            job.dotenv = parse_dotenv(gzip.decompress(target.read_bytes()).decode())

    async def _download(self, request: web.Request) -> web.StreamResponse:
        job = self.jobs.get(int(request.match_info["id"]))
        token = request.headers.get("JOB-TOKEN", "")
        known = {other.token for other in self.jobs.values() if not other.is_over}
        if job is None or token not in known | {job.token}:
            raise fail(403, "403 Forbidden")
        if "archive" not in job.artifacts:
            raise fail(404, "404 Not Found")
        return web.FileResponse(
            job.artifacts["archive"], headers={"Content-Type": "application/zip"}
        )

    def clear(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def parse_dotenv(text: str) -> dict[str, str]:
    """GitLab's reading of a dotenv report: KEY=VALUE, both stripped, no quotes; else 400."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        key, sign, value = line.partition("=")
        if not sign or not _KEY.fullmatch(key.strip()):
            raise fail(400, "Invalid Format")
        found[key.strip()] = value.strip()
    return found
