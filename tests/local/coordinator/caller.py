"""A runner made of nothing but HTTP requests, written from the protocol."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from podlane.local.coordinator import Coordinator, CoordinatorJob

FEATURES = {
    "cancel_gracefully": True,
    "refspecs": True,
    "upload_multiple_artifacts": True,
    "artifacts_exclude": True,
    "fallback_cache_keys": True,
    "multi_build_steps": True,
}


@dataclass
class Heard:
    status: int
    headers: dict[str, str]
    body: bytes

    def __post_init__(self) -> None:
        self.headers = {key.lower(): value for key, value in self.headers.items()}


@dataclass
class Caller:
    """A runner made of nothing but requests."""

    gitlab: Coordinator
    http: aiohttp.ClientSession
    token: str = ""
    features: dict[str, bool] = field(default_factory=lambda: dict(FEATURES))

    async def call(self, method: str, path: str, **rest: Any) -> Heard:
        url = f"{self.gitlab.url}/api/v4{path}"
        async with self.http.request(method, url, **rest) as answer:
            return Heard(answer.status, dict(answer.headers), await answer.read())

    async def ask(self, **more: Any) -> Heard:
        body = {
            "token": self.token,
            "system_id": "s_abcdefabcdef",
            "info": {"features": self.features},
        }
        return await self.call("POST", "/jobs/request", json=body | more)

    async def take(self, **payload: Any) -> CoordinatorJob:
        """Put a job in and be given it."""
        job = self.gitlab.enqueue(payload)
        assert (await self.ask()).status == 201
        return job

    async def put(self, job: CoordinatorJob, state: str, **more: Any) -> Heard:
        body = {"token": job.token, "state": state, "output": {}, "info": {}} | more
        return await self.call("PUT", f"/jobs/{job.id}", json=body)

    async def patch(
        self, job: CoordinatorJob, start: int, data: bytes, content_range: str = ""
    ) -> Heard:
        given = content_range or f"{start}-{start + len(data) - 1}"
        headers = {"JOB-TOKEN": job.token, "Content-Range": given, "Content-Type": "text/plain"}
        path = f"/jobs/{job.id}/trace?debug_trace=false"
        return await self.call("PATCH", path, data=data, headers=headers)

    async def upload(
        self, job: CoordinatorJob, data: bytes, name: str = "a.zip", **query: str
    ) -> Heard:
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(data), filename=name)
        headers = {"JOB-TOKEN": job.token}
        path = f"/jobs/{job.id}/artifacts"
        return await self.call("POST", path, params=query, data=form, headers=headers)
