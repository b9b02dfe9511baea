"""The coordinator in the pod, as the session knows it: the same calls, by its control API."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from podlane.core.text.token import Token
from podlane.errors import Unavailable
from podlane.local.coordinator.control import HEADER
from podlane.local.coordinator.jobs import OVER

_TRIES = 30
_PAUSE = 1.0
_FIRST_ID = 1000
_BLOCK = 1 << 20


@dataclass(eq=False)
class RemoteJob:
    """What was last seen of a job; `is_over` also says that all of its trace has come."""

    id: int
    state: str = "created"
    failure_reason: str = ""
    exit_code: int = 0
    is_over: bool = False
    moments: dict[str, float] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    artifact_names: dict[str, str] = field(default_factory=dict)
    dotenv: dict[str, str] = field(default_factory=dict, repr=False)


class RemoteGitLab:
    """`relay_url` leads to the pod from here; `url` is its address inside the cluster.

    What is said (new jobs, the cancel button) is sent in order, and again while the API server is
    away: a coordinator has a job once, whatever was lost on the way.
    """

    def __init__(self, relay_url: str, url: str, control: Token, folder: Path) -> None:
        self._relay_url = relay_url
        self.url = url
        self._headers = {HEADER: control.reveal()}
        self._folder = folder
        self._jobs: dict[int, RemoteJob] = {}
        self._said: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._heard: dict[int, asyncio.Event] = {}
        self._session: aiohttp.ClientSession

    async def serve(self) -> None:
        """Send what is said, for ever."""
        while True:
            path, body = await self._said.get()
            await self._call("POST", path, json=body)
            job_id = body.get("id")
            if job_id in self._heard:
                self._heard[job_id].set()

    async def __aenter__(self) -> RemoteGitLab:
        self._session = aiohttp.ClientSession(headers=self._headers)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._session.close()

    async def until_ready(self) -> None:
        await self._call("GET", "/control/ready")

    async def add_runner(self, description: str) -> str:
        """Return the new runner's token."""
        found = await self._call("POST", "/control/runners", json={"description": description})
        return str(found["token"])

    async def put_project(self, path: str, archive: Path) -> None:
        """Hand over a bare repository, as a tar archive."""
        data = await asyncio.to_thread(archive.read_bytes)
        await self._call("PUT", f"/control/projects/{path}", data=data)

    def enqueue_whole(self, make: Callable[[int, str], dict[str, Any]]) -> RemoteJob:
        job_id, token = _FIRST_ID + len(self._jobs) + 1, f"glcbt-64_{secrets.token_hex(10)}"
        job = self._jobs[job_id] = RemoteJob(job_id, state="pending")
        self._heard[job_id] = asyncio.Event()
        body = {"id": job_id, "token": token, "payload": make(job_id, token)}
        self._said.put_nowait(("/control/jobs", body))
        return job

    def cancel(self, job_id: int) -> None:
        self._said.put_nowait((f"/control/jobs/{job_id}/cancel", {}))

    def force_cancel(self, job_id: int) -> None:
        self._said.put_nowait((f"/control/jobs/{job_id}/force-cancel", {}))

    async def follow(self, job_id: int) -> AsyncIterator[bytes]:
        """The bytes of a trace as they come, until the job is over; then its artifacts are here."""
        job, offset = self._jobs[job_id], 0
        await self._heard[job_id].wait()
        while True:
            query = {"offset": str(offset), "state": job.state}
            found = await self._call("GET", f"/control/jobs/{job_id}", params=query)
            data = base64.b64decode(found["trace"])
            offset += len(data)
            job.state, job.moments = found["state"], found["moments"]
            if data:
                yield data
            if found["is_over"]:
                break
        job.failure_reason, job.exit_code = found["failure_reason"], found["exit_code"]
        job.dotenv = found["dotenv"]
        for kind, about in found["artifacts"].items():
            await self._fetch(job, kind, about)
        job.is_over = job.state in OVER

    async def _fetch(self, job: RemoteJob, kind: str, about: dict[str, str]) -> None:
        target = self._folder / f"{job.id}-{len(job.artifacts)}{about['suffix']}"
        url = f"{self._relay_url}/control/jobs/{job.id}/artifacts/{kind}"
        async with self._session.get(url) as answer:
            if answer.status != 200:
                raise Unavailable(f"an artifact of job {job.id} cannot be had", service="gitlab")
            with target.open("wb") as file:
                async for chunk in answer.content.iter_chunked(_BLOCK):
                    file.write(chunk)
        job.artifacts[kind], job.artifact_names[kind] = target, about["name"]

    async def _call(self, method: str, path: str, **what: Any) -> dict[str, Any]:
        """Ask until there is an answer. Unavailable when there is none for half a minute."""
        said = ""
        for _ in range(_TRIES):
            try:
                async with self._session.request(
                    method, f"{self._relay_url}{path}", **what
                ) as answer:
                    if answer.status == 200:
                        return dict(await answer.json())
                    said = f"{answer.status} {(await answer.text())[:200]}"
                    if answer.status not in (404, 502, 503, 504):
                        break
            except (aiohttp.ClientError, TimeoutError) as error:
                said = str(error)
            await asyncio.sleep(_PAUSE)
        raise Unavailable(
            f"the coordinator's pod does not do what it was asked ({path}): {said}",
            service="gitlab",
        )
