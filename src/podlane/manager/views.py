"""All that is watched of one cluster: the namespaces that its runners can reach.

A list of namespaces is watched one by one, and any namespace by one watch over all. Where the API
does not allow that, a namespace is watched from the first job on that comes to it, and a note in
the runner's own namespace, a Secret, leads the next manager there (docs/decisions).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from podlane.clients.kube.kinds import SECRET
from podlane.core.config.reach import Reach
from podlane.core.pod import note
from podlane.errors import JobRefused, Rejected, ServiceError, Unavailable
from podlane.manager.board import Board
from podlane.manager.site import Site
from podlane.manager.view import View

log = logging.getLogger(__name__)
Start = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
_SECONDS = 10.0
_RIGHTS = (
    "give podlane's service account a Role there: list, watch, get, create and delete of secrets "
    "and pods, and patch of pods"
)


class Views:
    """`root`: the cluster, as a site of all its namespaces. `start` begins a task."""

    def __init__(self, root: Site, board: Board, start: Start) -> None:
        self._root = root
        self._board = board
        self._start = start
        self._views: dict[str, View] = {}
        self._reaches: set[Reach] = set()
        self._noted: set[str] = set()
        self._may_see_all = True

    def add(self, reach: Reach) -> None:
        """Watch what a runner can reach."""
        self._reaches.add(reach)
        if reach.is_any and self._may_see_all:
            if "" not in self._views:
                self._open("")
                self._start(self._take_over())
            return
        for namespace in reach.names:
            if self._covering(namespace) is None:
                self._open(namespace)

    async def ready(self, reach: Reach) -> None:
        """Wait until the jobs that are there are known, those that notes lead to as well."""
        while waiting := [view for view in self._of(reach) if not view.settled.is_set()]:
            await waiting[0].settled.wait()

    def is_ready(self) -> bool:
        return all(view.settled.is_set() for view in self._views.values())

    def is_listed(self, namespace: str) -> bool:
        return any(view.covers(namespace) and view.is_listed for view in self._views.values())

    async def go(self, namespace: str, reach: Reach) -> None:
        """Have a namespace watched, before a job goes there. JobRefused when that is not allowed,
        Unavailable when the cluster does not answer."""
        view = self._covering(namespace)
        is_new = view is None
        view = view or self._open(namespace)
        try:
            async with asyncio.timeout(_SECONDS):
                await view.settled.wait()
        except TimeoutError:
            why = f"the namespace {namespace} is out of sight"
            raise Unavailable(why, service="kubernetes") from None
        if view.why_barred:
            if is_new:
                self._close(view)
            raise JobRefused(
                f"podlane may not see the namespace {namespace!r}, so no job can run there: "
                f"{view.why_barred}",
                hint=_RIGHTS,
                reference="namespace-out-of-sight",
            )
        if view.site.namespace and namespace not in {*reach.names, *self._noted}:
            await self._note(namespace, reach.home)

    async def _take_over(self) -> None:
        """Once all namespaces are watched, none need be watched by itself."""
        every = self._views[""]
        await every.settled.wait()
        for view in list(self._views.values()) if every.is_listed else ():
            if view is not every:
                self._close(view)

    async def _note(self, namespace: str, home: str) -> None:
        manifest = note.note(self._root.selector, namespace)
        try:
            await self._root.at(home).create(SECRET, manifest)
        except Rejected as error:
            if error.details != "AlreadyExists":
                raise
        self._noted.add(namespace)

    def _of(self, reach: Reach) -> list[View]:
        known = ("", *reach.names)
        return [view for name, view in self._views.items() if reach.is_any or name in known]

    def _covering(self, namespace: str) -> View | None:
        return self._views.get("") or self._views.get(namespace)

    def _open(self, namespace: str) -> View:
        if namespace not in self._views:
            site = self._root.at(namespace)
            view = self._views[namespace] = View(site, self._board, self._hear, self._bar)
            view.tasks += [self._start(view.follow_records()), self._start(view.follow_pods())]
        return self._views[namespace]

    def _close(self, view: View) -> None:
        self._views.pop(view.site.namespace, None)
        view.close()

    def _hear(self, namespace: str) -> None:
        """A note leads to a namespace; where all are watched, it is old."""
        if namespace not in self._noted:
            self._noted.add(namespace)
            if not self._may_see_all and self._covering(namespace) is None:
                self._open(namespace)

    def _bar(self, view: View, error: ServiceError) -> None:
        namespace = view.site.namespace
        if self._views.get(namespace) is not view:
            return
        fields = {"namespace": namespace or "(all)", "error": error.message}
        if namespace in {reach.home for reach in self._reaches}:
            log.warning("May not watch the runner's namespace", extra={"fields": fields})
            return
        if namespace:
            if not view.settled.is_set():
                log.warning(
                    "May not watch a namespace that jobs can ask for", extra={"fields": fields}
                )
            view.settled.set()
            return
        log.warning(
            "May not watch all namespaces; each is watched from the first job on that comes to it",
            extra={"fields": fields},
        )
        self._may_see_all = False
        self._close(view)
        for reach in sorted(self._reaches, key=lambda one: one.home):
            self.add(reach)
