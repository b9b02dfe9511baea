"""Projects over HTTP, by git's own `http-backend`; a job's token opens them while the job lives."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

_BLOCK = 64 * 1024


class GitServer:
    """Serves the bare repositories below `root`. `is_open(token)`: may this token read now?"""

    def __init__(self, root: Path, is_open: Callable[[str], bool]) -> None:
        self.root = root
        self._is_open = is_open

    def add(self, project: str, source: Path) -> Path:
        """Serve a copy of a repository as `<project>.git`; return the bare repository."""
        target = self.root / f"{project}.git"
        target.parent.mkdir(parents=True, exist_ok=True)
        _git("clone", "--quiet", "--bare", "--no-hardlinks", str(source), str(target))
        _git("-C", str(target), "config", "uploadpack.allowAnySHA1InWant", "true")
        _git("-C", str(target), "config", "uploadpack.allowFilter", "true")
        return target

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", r"/{project:.+\.git}/{rest:.*}", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not self._may(request):
            return web.Response(
                status=401, headers={"WWW-Authenticate": 'Basic realm="GitLab"'}, text="no\n"
            )
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            env=self._environment(request),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async for block in request.content.iter_chunked(_BLOCK):
                process.stdin.write(block)
                await process.stdin.drain()
            process.stdin.close()
            response = await _head(process.stdout)
            await response.prepare(request)
            while block := await process.stdout.read(_BLOCK):
                await response.write(block)
            await response.write_eof()
        finally:
            if process.returncode is None:
                process.kill() if not process.stdout.at_eof() else None
            await process.wait()
        return response

    def _may(self, request: web.Request) -> bool:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            return False
        return user == "gitlab-ci-token" and self._is_open(password)

    def _environment(self, request: web.Request) -> dict[str, str]:
        headers = request.headers
        return {
            "PATH": os.environ.get("PATH", ""),
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": f"/{request.match_info['project']}/{request.match_info['rest']}",
            "QUERY_STRING": request.query_string,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": headers.get("Content-Type", ""),
            "CONTENT_LENGTH": headers.get("Content-Length", ""),
            "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": request.remote or "",
            "REMOTE_USER": "gitlab-ci-token",
        }


async def _head(out: asyncio.StreamReader) -> web.StreamResponse:
    """Read the CGI headers of the answer."""
    response = web.StreamResponse()
    while line := (await out.readline()).decode().strip():
        name, _, value = line.partition(":")
        if name.lower() == "status":
            response.set_status(int(value.split()[0]))
        else:
            response.headers[name] = value.strip()
    return response


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)
