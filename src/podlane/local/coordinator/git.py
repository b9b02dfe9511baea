"""Projects over HTTP, by git's own `http-backend`; a job's token opens them while the job lives."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from podlane.errors import PodlaneError

_BLOCK = 64 * 1024
_KEPT = 1 << 20  # of a request's body: what a client has and wants


@dataclass
class GitAsked:
    """One question of a git client: what it named, and how many bytes it got."""

    project: str
    rest: str
    agent: str
    correlation: str
    body: bytes = b""
    sent: int = 0

    @property
    def haves(self) -> int:
        """How many commits the client said it has."""
        return sum(line.startswith(b"have ") for line in _lines(self.body))

    @property
    def filter(self) -> str:
        """What a partial clone leaves out."""
        found = [line for line in _lines(self.body) if line.startswith(b"filter ")]
        return found[0].partition(b" ")[2].decode() if found else ""


class GitServer:
    """Serves the bare repositories below `root`. `is_open(token)`: may this token read now?

    `hidden`: projects that a job's token does not open. `takes_pushes`: whether it may write.
    """

    def __init__(self, root: Path, is_open: Callable[[str], bool]) -> None:
        self.root = root
        self._is_open = is_open
        self._heads: dict[str, tuple[str, str]] = {}
        self._kept: set[tuple[str, int, str]] = set()
        self.hidden: set[str] = set()
        self.takes_pushes = False
        self.asked: list[GitAsked] = []

    def add(self, project: str, source: Path) -> Path:
        """Serve a repository as `<project>.git`; return the bare repository.

        It borrows the objects of `source`, so a commit made there later can be given a name here.
        """
        target = self.path(project)
        target.parent.mkdir(parents=True, exist_ok=True)
        _git("clone", "--quiet", "--bare", "--shared", str(source), str(target))
        _git("-C", str(target), "config", "uploadpack.allowAnySHA1InWant", "true")
        _git("-C", str(target), "config", "uploadpack.allowFilter", "true")
        self._heads[project] = self._read_head(target)
        return target

    def set_ref(self, project: str, name: str, sha: str) -> None:
        """Give a commit a name, such as `refs/pipelines/700`."""
        _git("-C", str(self.path(project)), "update-ref", name, sha)

    def keep_pipeline(self, project: str, pipeline_id: int, sha: str) -> None:
        """Name a pipeline's commit, once; nothing for a project that is not served here."""
        known = (project, pipeline_id, sha)
        if project not in self._heads or known in self._kept:
            return
        if self._has(project, sha):  # a commit that was force-pushed away has no ref either
            self.set_ref(project, f"refs/pipelines/{pipeline_id}", sha)
        self._kept.add(known)

    def _has(self, project: str, sha: str) -> bool:
        try:
            _git("-C", str(self.path(project)), "cat-file", "-e", f"{sha}^{{commit}}")
        except PodlaneError:
            return False
        return True

    def head(self, project: str) -> tuple[str, str]:
        """The branch and the commit that were checked out in the source; empty if unknown."""
        return self._heads.get(project, ("", ""))

    def path(self, project: str) -> Path:
        return self.root / f"{project}.git"

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", r"/{project:.+}.git/{rest:.*}", self._serve)]

    def _read_head(self, target: Path) -> tuple[str, str]:
        try:
            sha = _git("-C", str(target), "rev-parse", "--verify", "HEAD^{commit}")
            branch = _git("-C", str(target), "rev-parse", "--abbrev-ref", "HEAD")
        except PodlaneError:
            return "", ""
        return ("" if branch == "HEAD" else branch), sha

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Answer as GitLab does: 401 without a good token, 404 unknown, 403 for a push."""
        if not self.may(request):
            return denied()
        project, rest = request.match_info["project"], request.match_info["rest"]
        if not self._is_served(project):
            return web.Response(status=404, text="no such project\n")
        is_push = "git-receive-pack" in (request.query.get("service"), rest)
        if is_push and not self.takes_pushes:
            return web.Response(status=403, text="this repository can only be read\n")
        correlation = request.headers.get("X-Gitaly-Correlation-ID", "")
        asked = GitAsked(project, rest, request.headers.get("User-Agent", ""), correlation)
        self.asked.append(asked)
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            env=self._environment(request),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            async with asyncio.TaskGroup() as group:
                feeding = group.create_task(_feed(request, process, asked))
                response = await _relay(request, process, asked)
                feeding.cancel()
        finally:
            await _end(process)
        return response

    def may(self, request: web.Request) -> bool:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return user == "gitlab-ci-token" and self._is_open(password)

    def _is_served(self, project: str) -> bool:
        path = self.path(project)
        is_known = ".." not in Path(project).parts and (path / "HEAD").is_file()
        return is_known and project not in self.hidden

    def _environment(self, request: web.Request) -> dict[str, str]:
        # No length and no encoding of the body: the server has unpacked it, git reads to its end.
        return _plain_environment() | {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "GIT_CONFIG_KEY_1": "http.receivepack",
            "GIT_CONFIG_VALUE_1": "true",
            "PATH_INFO": f"/{request.match_info['project']}.git/{request.match_info['rest']}",
            "QUERY_STRING": request.query_string,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": request.remote or "",
            "REMOTE_USER": "gitlab-ci-token",
        }


def _lines(body: bytes) -> Iterator[bytes]:
    """The lines of git's protocol: four hexadecimal digits say how long each is."""
    while len(body) >= 4:
        try:
            size = max(int(body[:4], 16), 4)
        except ValueError:
            return
        yield body[4:size].strip()
        body = body[size:]


async def _feed(request: web.Request, process: asyncio.subprocess.Process, asked: GitAsked) -> None:
    """Hand the body on while the answer is read: either may be larger than a pipe."""
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        async for block in request.content.iter_chunked(_BLOCK):
            asked.body += block[: _KEPT - len(asked.body)]
            process.stdin.write(block)
            await process.stdin.drain()
    process.stdin.close()


async def _relay(
    request: web.Request, process: asyncio.subprocess.Process, asked: GitAsked
) -> web.StreamResponse:
    assert process.stdout is not None
    response = await _head(process.stdout)
    # A client that leaves in the middle is no fault of ours.
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        while block := await process.stdout.read(_BLOCK):
            asked.sent += len(block)
            await response.write(block)
        await response.write_eof()
    return response


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


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing behind: http-backend starts upload-pack in the same session."""
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await process.wait()
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        # A client that left in the middle has left output behind, and asyncio counts a process as
        # ended only once its pipe has been read to the end.
        assert process.stdout is not None
        while await process.stdout.read(_BLOCK):
            pass
        await process.wait()


def denied() -> web.Response:
    return web.Response(
        status=401,
        headers={"WWW-Authenticate": 'Basic realm="GitLab"'},
        text="HTTP Basic: Access denied\n",
    )


def _plain_environment() -> dict[str, str]:
    """Ours without git's own variables: inside a hook they point at another repository."""
    return {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words],
        check=False,
        capture_output=True,
        text=True,
        env=_plain_environment(),
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise PodlaneError(
            f"git could not prepare a repository to serve: {done.stderr.strip()[-300:]}",
            hint="is the folder a git repository with at least one commit",
            reference="repository-unusable",
        )
    return done.stdout.strip()
