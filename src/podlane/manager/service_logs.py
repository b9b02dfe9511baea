"""Reads what services print, for jobs with CI_DEBUG_SERVICES whose runner allows it, and hands it
to the job's helper: pages in an annotation of the pod, at most one a second."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator

from podlane.clients.kube.kinds import POD
from podlane.core.job.service_log import LINE_LIMIT, MANAGER, PAGE_LIMIT, LogLine, encode_page
from podlane.core.pod import names
from podlane.core.pod.state import PodState
from podlane.errors import Gone, ServiceError, Unavailable
from podlane.manager.backoff import delays
from podlane.manager.site import Site

log = logging.getLogger(__name__)
_PAGE_SECONDS = 1.0
_TRIES = 5


class ServiceLogs:
    def __init__(self) -> None:
        self._feeds: dict[str, Feed] = {}

    def look(self, pod: PodState, site: Site, tasks: asyncio.TaskGroup) -> None:
        """Begin to follow the containers of the pod that have started and are not followed yet."""
        if pod.is_deleting:
            self.end(pod)
        if pod.is_deleting or not pod.wants_service_logs:
            return
        feed = self._feeds.get(pod.uid)
        if feed is None:
            feed = self._feeds[pod.uid] = Feed(site, pod.name)
            tasks.create_task(self._publish(pod.uid, feed))
        for container in pod.containers:
            is_service = container.name not in ("helper", "build")
            is_there = container.phase in ("running", "terminated")
            if is_service and is_there and container.name not in feed.followed:
                feed.followed.add(container.name)
                tasks.create_task(feed.follow(container.name))

    def end(self, pod: PodState) -> None:
        """The job is over: nobody reads on."""
        feed = self._feeds.get(pod.uid)
        if feed is not None:
            feed.end()

    async def _publish(self, uid: str, feed: Feed) -> None:
        await feed.publish()
        del self._feeds[uid]


class Feed:
    """The services of one pod. What waits to be handed over is bounded: then nobody reads on."""

    def __init__(self, site: Site, pod: str) -> None:
        self.followed: set[str] = set()
        self._site = site
        self._pod = pod
        self._waiting: deque[LogLine] = deque()
        self._size = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._ended = asyncio.Event()

    def end(self) -> None:
        self._ended.set()
        self._news.set()
        self._room.set()

    async def follow(self, container: str) -> None:
        """Read one container's log from its beginning to its end; again when it breaks off."""
        number = 0
        for delay, _ in zip(delays(0.5, 10), range(_TRIES), strict=False):
            try:
                number = await self._read(container, number)
                return
            except Gone:
                return
            except Unavailable as error:
                why = error.message
            except ServiceError as error:
                why = error.message
                break
            if self._ended.is_set():
                return
            await asyncio.sleep(delay)
        await self._put(LogLine(MANAGER, len(self.followed), f"{container}: {why}"))
        log.warning("Cannot read a service's log", extra={"fields": {"pod": self._pod, "why": why}})

    async def publish(self) -> None:
        """Hand pages over until the end. Each holds the one before: the helper may be late."""
        before: list[LogLine] = []
        while not self._ended.is_set():
            await self._news.wait()
            self._news.clear()
            page = self._take()
            patch = {"metadata": {"annotations": {names.SERVICE_LOG: encode_page(before + page)}}}
            try:
                await self._site.api.patch(POD, self._site.namespace, self._pod, patch)
            except Gone:
                self.end()
            except ServiceError as error:
                fields = {"pod": self._pod, "why": error.message}
                log.warning("Cannot hand over a service's log", extra={"fields": fields})
            before = page
            await asyncio.sleep(_PAGE_SECONDS)

    async def _read(self, container: str, seen: int) -> int:
        """The number of lines read in all; the first `seen` of them are not put again."""
        number = 0
        api, namespace = self._site.api, self._site.namespace
        async with api.log(namespace, self._pod, container) as chunks:
            async for text in _lines(chunks):
                if self._ended.is_set():
                    break
                if number >= seen:
                    await self._put(LogLine(container, number, text))
                number += 1
        return number

    async def _put(self, line: LogLine) -> None:
        await self._room.wait()
        self._waiting.append(line)
        self._size += len(line.text)
        if self._size >= PAGE_LIMIT:
            self._room.clear()
        self._news.set()

    def _take(self) -> list[LogLine]:
        page = sorted(self._waiting, key=lambda line: (line.service, line.number))
        self._waiting.clear()
        self._size = 0
        self._room.set()
        return page


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Whole lines; one that is endless comes in pieces."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
        while len(rest) >= LINE_LIMIT:
            yield rest[:LINE_LIMIT].decode(errors="replace")
            rest = rest[LINE_LIMIT:]
    if rest:
        yield rest.decode(errors="replace")
