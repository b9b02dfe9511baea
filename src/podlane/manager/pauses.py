"""Pause pods kept as the policies of `[runners.kubernetes.autoscaler]` ask for: one Deployment for
each runner that has policies, written when its number or its settings change, and once a minute to
say that its manager lives. Without policies no request is made.

A manager takes its Deployments away when it ends; those of one that was killed go when another
starts, an hour after their last sign of life.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from podlane.clients.kube.kinds import DEPLOYMENT, PRIORITY_CLASS
from podlane.clients.kube.watch import Query, list_items
from podlane.core.config.autoscaler import Scale, next_scale, wanted
from podlane.core.pod import pause
from podlane.core.pod.state import RawRecord
from podlane.errors import Gone, Rejected, ServiceError
from podlane.manager.board import Board
from podlane.manager.runner import Runner
from podlane.manager.seats import Part
from podlane.manager.zones import reading_in

log = logging.getLogger(__name__)
_ROUND_SECONDS = 10.0
_BEAT_SECONDS = 60.0
_ORPHAN_SECONDS = 3600.0
_RIGHTS = (
    "pause pods need the verbs list, get, create, update, patch and delete on deployments (apps)"
    " in the runner's namespace"
)
_CLASS = (
    f"make it once by `kubectl create priorityclass {pause.PRIORITY_CLASS} --value=-1`,"
    " or name one by `pause_pod_priority_class_name`"
)


class Pause:
    """The pause pods of one runner. `desired` and `ready` are for the metrics."""

    def __init__(self, runner: Runner, board: Board, part: Part) -> None:
        self.runner = runner
        self.scale = Scale()
        self.ready = 0
        self.errors: Counter[str] = Counter()
        self.moves: Counter[str] = Counter()
        self._board = board
        self._part = part
        self._made: dict[str, Any] | None = None  # what its Deployment was last written from
        self._beat_at = 0.0
        self._said = ""
        self._stirred = asyncio.Event()
        self._is_removed = False

    @property
    def name(self) -> str:
        return pause.name(self.runner.context)

    def change(self, runner: Runner) -> None:
        self.runner = runner
        self._stirred.set()

    def remove(self) -> None:
        """Take the Deployment away and end."""
        self._is_removed = True
        self._stirred.set()

    async def serve(self) -> None:
        """Of several managers the one that settles sees to it."""
        is_prepared = False
        while not self._is_removed:
            if self._part.settles:
                is_prepared = is_prepared or await self._try("get_deployment", self._prepare)
                await self._try("apply_state", self._round)
            else:
                self._made = None
            try:
                async with asyncio.timeout(_ROUND_SECONDS):
                    await self._stirred.wait()
            except TimeoutError:
                continue
            self._stirred.clear()
        await self._try("apply_state", self.delete)

    async def delete(self) -> None:
        if self._part.replicas > 1 and self._made is None:
            return  # it is another's
        site = self.runner.site
        try:
            await site.api.delete(DEPLOYMENT, site.namespace, self.name)
        except Gone:
            return

    async def _try(self, what: str, act: Callable[[], Awaitable[None]]) -> bool:
        """Whether it need not be tried again: it is done, or will never be."""
        try:
            await act()
        except ServiceError as error:
            self.errors[what] += 1
            hint = _RIGHTS if error.status == 403 else error.hint
            self._say("Cannot keep the pause pods, trying again", error.message, hint)
            return isinstance(error, Rejected)
        return True

    def _say(self, message: str, why: str, hint: str) -> None:
        """Say each thing once, not every ten seconds."""
        if why == self._said:
            return
        self._said = why
        fields = {"runner": self.runner.log_name, "why": why} | ({"hint": hint} if hint else {})
        log.warning(message, extra={"fields": fields})

    async def _prepare(self) -> None:
        if not self.runner.context.runner.kubernetes.autoscaler.pause_pod_priority_class_name:
            await self._make_class()
        site, context = self.runner.site, self.runner.context
        query = Query(
            DEPLOYMENT,
            site.namespace,
            pause.selector(context.installation),
            metadata_only=True,
            item=RawRecord,
        )
        for found in (await list_items(site.api, query))[0]:
            name, beat = found.metadata.name, pause.beat_of(found.metadata.annotations)
            if name == self.name or time.time() - beat < _ORPHAN_SECONDS:
                continue
            try:
                await site.api.delete(DEPLOYMENT, site.namespace, name)
            except Gone:
                continue
            log.info("Removed pause pods whose manager is gone", extra={"fields": {"name": name}})

    async def _make_class(self) -> None:
        """Without the right to look or to make it, an administrator may have made it."""
        api = self.runner.site.api
        try:
            try:
                await api.get(PRIORITY_CLASS, "", pause.PRIORITY_CLASS)
            except Gone:
                await api.create(PRIORITY_CLASS, "", pause.priority_class())
        except Rejected as error:
            if error.details != "AlreadyExists":
                message = f"Cannot see to the priority class {pause.PRIORITY_CLASS}"
                log.warning(message, extra={"fields": {"why": error.message, "hint": _CLASS}})

    async def _round(self) -> None:
        """Write what has changed; look again while the pods are not yet as wanted."""
        runner, now = self.runner, time.time()
        settings = runner.context.runner.kubernetes.autoscaler
        target = wanted(settings, self._board.live(runner.key), reading_in)
        before, self.scale = self.scale.pods, next_scale(now, self.scale, target)
        if self._made is not None and before != self.scale.pods:
            self.moves["up" if self.scale.pods > before else "down"] += 1
        plain = pause.deployment(runner.context, 0, 0)
        if self._made != plain:
            found = await self._write(pause.deployment(runner.context, self.scale.pods, now))
            self._made, self._beat_at = plain, now
        elif before != self.scale.pods or now - self._beat_at >= _BEAT_SECONDS:
            found = await self._patch(pause.scaled(self.scale.pods, now))
            self._beat_at = now
        elif self.ready != self.scale.pods:
            found = await runner.site.api.get(DEPLOYMENT, runner.site.namespace, self.name)
        else:
            return
        self._look(found)

    async def _write(self, manifest: dict[str, Any]) -> dict[str, Any]:
        site = self.runner.site
        try:
            made = await site.api.create(DEPLOYMENT, site.namespace, manifest)
        except Rejected as error:
            if error.details != "AlreadyExists":
                raise
            return await site.api.replace(DEPLOYMENT, site.namespace, self.name, manifest)
        fields = {"runner": self.runner.log_name, "name": self.name, "pods": self.scale.pods}
        log.info("Keeps pause pods", extra={"fields": fields})
        return made

    async def _patch(self, patch: dict[str, Any]) -> dict[str, Any]:
        site = self.runner.site
        try:
            return await site.api.patch(DEPLOYMENT, site.namespace, self.name, patch)
        except Gone:  # somebody took it away: it is made anew in the next round
            self._made = None
            raise

    def _look(self, found: dict[str, Any]) -> None:
        """Read how many stand, and say what keeps Kubernetes from making them."""
        status = found.get("status") or {}
        self.ready = int(status.get("readyReplicas") or 0)
        for condition in status.get("conditions") or ():
            if (condition.get("type"), condition.get("status")) == ("ReplicaFailure", "True"):
                why = str(condition.get("message", ""))
                hint = _CLASS if "PriorityClass" in why else ""
                self._say("Kubernetes makes no pause pods", why, hint)
                return
        self._said = ""


class Pauses:
    """Those of all runners, as a reload has them."""

    def __init__(self, board: Board, part: Part) -> None:
        self.kept: dict[str, Pause] = {}
        self._board, self._part = board, part

    def apply(self, runners: dict[str, Runner]) -> list[Pause]:
        """Take the runners in force; the new ones are to be served."""
        asked = {key: one for key, one in runners.items() if _policies(one)}
        for key in self.kept.keys() - asked.keys():
            self.kept.pop(key).remove()
        for key in self.kept.keys() & asked.keys():
            self.kept[key].change(asked[key])
        new = asked.keys() - self.kept.keys()
        fresh = {key: Pause(asked[key], self._board, self._part) for key in new}
        self.kept |= fresh
        return list(fresh.values())

    async def close(self, seconds: float) -> None:
        """The manager ends: take all of them away, if that can be done in so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                for one in self.kept.values():
                    await one.delete()
        except (ServiceError, TimeoutError) as error:
            log.warning("Pause pods stay behind", extra={"fields": {"why": str(error)}})


def _policies(runner: Runner) -> bool:
    return bool(runner.context.runner.kubernetes.autoscaler.policy)
