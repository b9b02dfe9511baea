"""Follows the cluster's events about the pods of jobs that want them in their log.

Until the helper has begun they are written into the trace, as what a waiting pod waits for is
(`manager.keep`): a 416 tells that the helper writes by now. From then on the helper gets those
that are not in the trace, by an annotation, until the build container has started.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from podlane.clients.kube.kinds import EVENT, POD
from podlane.core.job.pod_events import Page, PodEvent, encode_page, rows
from podlane.core.pod import names
from podlane.core.pod.state import PodState
from podlane.core.trace import sections
from podlane.core.trace.reply import Word
from podlane.errors import Gone, ServiceError
from podlane.manager import records
from podlane.manager.board import Key, Line
from podlane.manager.hands import Hands
from podlane.manager.runner import Runner
from podlane.manager.site import Site
from podlane.manager.speak import once

log = logging.getLogger(__name__)
_EVERY = 1.0
_MOST = 200


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""


class _Event(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    type: str = ""
    reason: str = ""
    message: str = ""


class _Events(msgspec.Struct, frozen=True):
    items: tuple[_Event, ...] = ()


async def events_of(site: Site, uid: str) -> tuple[PodEvent, ...]:
    """All of one pod, the oldest first, each once."""
    query: dict[str, Any] = {"limit": str(_MOST), "fieldSelector": f"involvedObject.uid={uid}"}
    answer = await site.api.read(EVENT.path(site.namespace), query, metadata_only=False)
    items = msgspec.json.decode(answer.body, type=_Events).items
    in_order = sorted(items, key=lambda one: int(one.metadata.resource_version or "0"))
    found = (PodEvent(one.type, one.reason, one.message) for one in in_order)
    return tuple(dict.fromkeys(found))


class PodEvents:
    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._followed: set[str] = set()

    def look(self, key: Key, line: Line, runner: Runner, tasks: asyncio.TaskGroup) -> None:
        """Begin to follow the pod, if its job wants that."""
        pod = line.pod
        if pod is not None and pod.wants_events and pod.uid not in self._followed:
            self._followed.add(pod.uid)
            tasks.create_task(self._follow(key, pod.uid, runner))

    async def _follow(self, key: Key, uid: str, runner: Runner) -> None:
        feed, is_last = Feed(self._hands, key, runner), False
        while not is_last:
            line = self._hands.board.lines.get(key)
            if line is None or line.pod is None or line.pod.uid != uid or line.is_over:
                break
            is_last = line.pod.container("build").phase in ("running", "terminated")
            await asyncio.sleep(_EVERY)  # the kubelet tells of a start once it has started
            try:
                await feed.hand_over(line, line.pod, is_last=is_last)
            except Gone:
                break
            except (ServiceError, msgspec.MsgspecError) as error:
                fields = {"pod": line.pod.name, "error": str(error)}
                log.warning("Cannot tell a job of its pod's events", extra={"fields": fields})
        self._followed.discard(uid)


class Feed:
    """Of one pod: what stands in the trace by our hand, and what the helper has been given."""

    def __init__(self, hands: Hands, key: Key, runner: Runner) -> None:
        self._hands, self._key, self._runner = hands, key, runner
        self._written: list[PodEvent] = []
        self._offset: int | None = 0 if key in hands.voices else None
        self._page = Page()

    async def hand_over(self, line: Line, pod: PodState, *, is_last: bool) -> None:
        site = self._runner.site_of(line.record)
        events = await events_of(site, pod.uid)
        if pod.has_begun:
            self._offset = None
        if line.is_reserved and not pod.has_begun:
            return  # GitLab takes no trace of a job that is not confirmed
        if self._offset is not None:
            await self._write(line, tuple(one for one in events if one not in self._written))
        left = tuple(one for one in events if one not in self._written)
        page = Page(left, is_last)
        if self._offset is None and page != self._page:
            patch = {"metadata": {"annotations": {names.EVENTS: encode_page(page)}}}
            await site.api.patch(POD, site.namespace, pod.name, patch)
            self._page = page

    async def _write(self, line: Line, events: tuple[PodEvent, ...]) -> None:
        if not events or self._offset is None:
            return
        record, jobs = line.record, self._runner.jobs
        texts = rows(events, with_title=not self._written)
        texts = await records.mask_lines(self._runner.site_of(record), record.name, texts)
        data = "".join(map(sections.plain, texts)).encode()
        job = self._hands.voices[self._key].job
        reply = await once(jobs.append_trace(job, self._offset, data))
        if reply.word is Word.DONE:
            self._offset += len(data)
            self._written += events
        elif reply.word is not Word.AGAIN:
            self._offset = None  # the helper writes by now
