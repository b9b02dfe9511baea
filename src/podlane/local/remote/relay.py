"""The way from here to the coordinator's pod: what is asked of 127.0.0.1 is asked of the pod, by
way of the API server (`pods/proxy`), with the user's own access to the cluster."""

from __future__ import annotations

from aiohttp import web

from podlane.clients.http.session import TROUBLE
from podlane.clients.kube.api import KubeApi
from podlane.errors import ServiceError
from podlane.local.remote.pod import PORT, Seat

_LARGEST = 4 << 30
# what belongs to one connection, and what is between us and the API server
_OWN = {
    "host", "authorization", "connection", "keep-alive", "transfer-encoding", "content-length",
    "te", "trailer", "upgrade", "proxy-authorization", "proxy-authenticate", "date", "server",
}  # fmt: skip


class Relay:
    """`url` is this side's address."""

    def __init__(self, api: KubeApi, seat: Seat) -> None:
        self._api = api
        self._path = f"/api/v1/namespaces/{seat.namespace}/pods/{seat.name}:{PORT}/proxy"
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Relay:
        app = web.Application(client_max_size=_LARGEST)
        app.add_routes([web.route("*", "/{rest:.*}", self._pass)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in _OWN
        }
        body = await request.read()
        try:
            async with self._api.proxy(
                request.method, f"{self._path}{request.raw_path}", headers, body
            ) as answer:
                kept = {name: v for name, v in answer.headers.items() if name.lower() not in _OWN}
                response = web.StreamResponse(status=answer.status, headers=kept)
                if answer.status in (204, 304):
                    response.content_length = 0
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                return response
        except (ServiceError, *TROUBLE) as error:
            raise web.HTTPBadGateway(
                text=f"the coordinator's pod cannot be reached: {error}"
            ) from error
