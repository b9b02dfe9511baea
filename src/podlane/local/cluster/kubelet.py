"""From changes of pods to their sandboxes: starts one per new pod, tells it what it must hear."""

from __future__ import annotations

import asyncio

from podlane.local.cluster import processes
from podlane.local.cluster.kinds import POD, Object
from podlane.local.cluster.sandbox import Ending, Node, Sandbox
from podlane.local.cluster.store import Change


class Kubelet:
    def __init__(self, node: Node, group: asyncio.TaskGroup) -> None:
        self.sandboxes: dict[str, Sandbox] = {}
        self._node = node
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()
        processes.become_subreaper()
        node.store.listen(self._heard)

    def sandbox(self, pod: str) -> Sandbox:
        """The newest sandbox of the pod with this name."""
        found = [item for item in self.sandboxes.values() if item.key[1] == pod]
        if not found:
            raise KeyError(pod)
        return found[-1]

    async def stop(self) -> None:
        """End every pod's processes and remove every folder, whatever state it is in."""
        self._node.store.stop_listening(self._heard)
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _heard(self, change: Change) -> None:
        if change.kind is not POD:
            return
        uid = change.object["metadata"]["uid"]
        if change.type == "ADDED":
            self._begin(change.object)
            return
        sandbox = self.sandboxes.get(uid)
        if sandbox is None:
            return
        if change.type == "DELETED":
            sandbox.end(Ending(0))
            return
        self._modified(sandbox, change.object, change.previous or {})

    def _modified(self, sandbox: Sandbox, pod: Object, previous: Object) -> None:
        metadata, old = pod["metadata"], previous["metadata"]
        shown = ("annotations", "labels")
        if any(metadata.get(field) != old.get(field) for field in shown):
            sandbox.refresh()
        left = metadata.get("deletionGracePeriodSeconds")
        if left != old.get("deletionGracePeriodSeconds") and not sandbox.is_lost():
            sandbox.end(Ending(left))

    def _begin(self, pod: Object) -> None:
        sandbox = Sandbox(self._node, pod)
        self.sandboxes[sandbox.uid] = sandbox
        task = self._group.create_task(self._run(sandbox), name=f"pod {sandbox.key[1]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, sandbox: Sandbox) -> None:
        try:
            await sandbox.run()
        finally:
            self.sandboxes.pop(sandbox.uid, None)

    def node_came_back(self) -> None:
        """Look again at every pod: what a lost node did not hear, it hears now."""
        for sandbox in tuple(self.sandboxes.values()):
            left = sandbox.pod["metadata"].get("deletionGracePeriodSeconds")
            if left is not None and not sandbox.is_lost():
                sandbox.end(Ending(left))
            sandbox.publish()
            sandbox.touch()
