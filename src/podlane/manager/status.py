"""What the manager tells of itself over HTTP: metrics, health, and its jobs.

`listen_address` unset: nothing is served. No authentication, as with gitlab-runner: bind it where
only those who may see it can reach it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from podlane.manager.metrics import jobs
from podlane.manager.metrics.collect import Collector

if TYPE_CHECKING:
    from aiohttp import web

log = logging.getLogger(__name__)
_DEFAULT_PORT = 9252


def split_address(text: str) -> tuple[str, int]:
    """`host:port`, `:port` or `host`; the port is gitlab-runner's 9252 if none is given."""
    host, _, port = text.rpartition(":") if ":" in text else (text, "", "")
    return host.strip("[]") or "0.0.0.0", int(port) if port.isdigit() else _DEFAULT_PORT


async def serve_status(
    collector: Collector, why_not_ready: Callable[[], str], listen_address: str
) -> None:
    """Serve until cancelled; at once done when there is no address."""
    if not listen_address:
        log.info("No listen_address: metrics and health are not served")
        return
    from aiohttp import web

    app = web.Application()
    _add_metrics(app, collector)
    _add_health(app, collector, why_not_ready)
    _add_debug(app, collector)
    host, port = split_address(listen_address)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        log.info("Metrics and health are served", extra={"fields": {"address": f"{host}:{port}"}})
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _add_metrics(app: web.Application, collector: Collector) -> None:
    from aiohttp import web
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), content_type="text/plain")

    app.router.add_get("/metrics", metrics)


def _add_health(
    app: web.Application, collector: Collector, why_not_ready: Callable[[], str]
) -> None:
    from aiohttp import web

    async def live(_: web.Request) -> web.Response:
        return web.Response(text="live\n")

    async def ready(_: web.Request) -> web.Response:
        if why_not := why_not_ready():
            return web.Response(status=503, text=f"{why_not}\n")
        out = [
            f"{owner} is left out for its faults: the log names them\n"
            for owner in collector.left_out
        ]
        return web.Response(text="".join(["ready\n", *out]))

    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)


def _add_debug(app: web.Application, collector: Collector) -> None:
    from aiohttp import web

    async def listed(_: web.Request) -> web.Response:
        text = jobs.text(jobs.rows(collector.board, time.time()))
        return web.Response(text=text, headers={"X-List-Version": "2"})

    async def state(_: web.Request) -> web.Response:
        return web.Response(text=f"{collector.tally.state}\n")

    app.router.add_get("/debug/jobs/list", listed)
    app.router.add_get("/debug/process/state", state)
