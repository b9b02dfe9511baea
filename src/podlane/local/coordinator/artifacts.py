"""Artifacts of the embedded GitLab: kept in files, one of each type for a job."""

from __future__ import annotations

import gzip
import hashlib
import re
import secrets
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, web

from podlane.local.coordinator.answers import fail, find_job, not_processing
from podlane.local.coordinator.jobs import CoordinatorJob

_BLOCK = 256 * 1024
_KEY = re.compile(r"[A-Za-z0-9_]+")
_DOTENV_LIMIT = 5 * 1024
_DOTENV_VARIABLES = 20
_ZIP = ("archive", "lsif", "scip")
_GZIP = (
    "junit",
    "dotenv",
    "cobertura",
    "jacoco",
    "metrics",
    "metrics_referee",
    "network_referee",
    "cyclonedx",
    "annotations",
    "repository_xray",
)


@dataclass
class Artifacts:
    """`limit_bytes`: larger uploads are answered 413; 0: none is too large.

    `is_direct`: a download that asks for it is sent to another address, as to an object store;
    `direct_url`: the store's, if it is not this server.
    """

    root: Path
    jobs: dict[int, CoordinatorJob]
    limit_bytes: int = 0
    is_direct: bool = False
    direct_url: str = ""
    _direct: dict[str, Path] = field(default_factory=dict, repr=False)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(r"/api/v4/jobs/{id:\d+}/artifacts", self._upload),
            web.get(r"/api/v4/jobs/{id:\d+}/artifacts", self._download),
            web.get(r"/-/direct/{key:[0-9a-f]+}", self._download_directly),
        ]

    async def _upload(self, request: web.Request) -> web.Response:
        job = find_job(request, self.jobs)
        if not job.is_processing:
            raise not_processing(job)
        kind = request.query.get("artifact_type") or "archive"
        form = request.query.get("artifact_format") or "zip"
        if not _KEY.fullmatch(kind) or form != _format_of(kind):
            raise fail(400, {"file_format": ["is invalid for this type of artifact"]})
        folder = self.root / str(job.id)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{secrets.token_hex(8)}.part"
        try:
            name = await self._receive(request, part)
            self._accept(job, kind, part)
        except ValueError as error:
            raise fail(400, "400 Bad request - the form cannot be read") from error
        finally:
            part.unlink(missing_ok=True)
        job.artifact_names.setdefault(kind, name)
        return web.json_response({}, status=201)

    async def _receive(self, request: web.Request, target: Path) -> str:
        """Write the part named `file` to disk as it comes."""
        if self.limit_bytes and (request.content_length or 0) > self.limit_bytes + _BLOCK:
            raise fail(413, "413 Request Entity Too Large")
        if not request.content_type.startswith("multipart/"):
            raise fail(400, "400 Bad request - file is missing")
        size = 0
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name != "file":
                continue
            with target.open("wb") as out:
                while block := await part.read_chunk(_BLOCK):
                    size += len(block)
                    if self.limit_bytes and size > self.limit_bytes:
                        raise fail(413, "413 Request Entity Too Large")
                    out.write(block)
            return part.filename or ""
        raise fail(400, "400 Bad request - file is missing")

    def _accept(self, job: CoordinatorJob, kind: str, part: Path) -> None:
        """Keep the file if it is what it says; the same one twice is fine, another is not."""
        known = job.artifacts.get(kind)
        if known is not None:
            if _digest(known) != _digest(part):
                raise fail(400, "400 Bad request - another artifact of this type exists")
            return
        _check_format(kind, part)
        if kind == "dotenv":
            job.dotenv = _read_dotenv(part)
        form = _format_of(kind)
        job.artifacts[kind] = part.rename(part.with_name(f"{kind}.{form}"))
        job.stir()

    async def _download(self, request: web.Request) -> web.StreamResponse:
        job = self.jobs.get(int(request.match_info["id"]))
        token = request.headers.get("JOB-TOKEN") or request.query.get("token", "")
        # Newer GitLabs hand out the running job's token, older ones the dependency's own.
        allowed = {other.token for other in self.jobs.values() if other.has_token}
        if job is None or token not in allowed | {job.token}:
            raise fail(403, "403 Forbidden")
        path = job.artifacts.get("archive")
        if path is None:
            raise fail(404, "404 Not Found")
        if self.is_direct and request.query.get("direct_download") == "true":
            key = secrets.token_hex(16)
            self._direct[key] = path
            raise web.HTTPFound(f"{self.direct_url}/-/direct/{key}")
        name = re.sub(r"[^\w.-]", "_", job.artifact_names["archive"]) or "artifacts.zip"
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        return web.FileResponse(path, headers=headers)

    async def _download_directly(self, request: web.Request) -> web.StreamResponse:
        path = self._direct.get(request.match_info["key"])
        if path is None:
            raise fail(404, "404 Not Found")
        return web.FileResponse(path)


def _format_of(kind: str) -> str:
    """GitLab's table of types and formats."""
    return "zip" if kind in _ZIP else "gzip" if kind in _GZIP else "raw"


def _check_format(kind: str, path: Path) -> None:
    form = _format_of(kind)
    if form == "zip" and not zipfile.is_zipfile(path):
        raise fail(400, "400 Bad request - the file is no zip")
    if form == "gzip":
        with path.open("rb") as file:
            if file.read(2) != b"\x1f\x8b":
                raise fail(400, "400 Bad request - the file is no gzip")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_dotenv(path: Path) -> dict[str, str]:
    try:
        with gzip.open(path) as file:
            data = file.read(_DOTENV_LIMIT + 1)
        text = data.decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise fail(400, "400 Bad request - Invalid Format") from error
    if len(data) > _DOTENV_LIMIT:
        raise fail(400, f"400 Bad request - Dotenv Artifact Too Big. Maximum: {_DOTENV_LIMIT}")
    return parse_dotenv(text)


def parse_dotenv(text: str) -> dict[str, str]:
    """GitLab's reading of a dotenv report: KEY=VALUE, both stripped, no quotes; else 400.

    Blank lines and comments are let pass, as newer versions do.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, sign, value = line.partition("=")
        if not sign or not _KEY.fullmatch(key.strip()):
            raise fail(400, "400 Bad request - Invalid Format")
        found[key.strip()] = value.strip()
    if len(found) > _DOTENV_VARIABLES:
        raise fail(400, f"400 Bad request - more than {_DOTENV_VARIABLES} variables")
    return found
