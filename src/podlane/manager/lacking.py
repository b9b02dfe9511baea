"""Looks at the warnings of pods that a node has and that do not begin: a volume, or a sandbox, has
no status of its own. One list for a pod that takes long, and twice as long until each further one.
"""

from __future__ import annotations

import asyncio
import math
import time

from podlane.core.pod import warned
from podlane.core.pod.state import PodState
from podlane.manager.board import Board, Key, Line
from podlane.manager.runner import Runner
from podlane.manager.warnings import warnings_of

_FIRST_SECONDS = 17.0  # by then the kubelet has tried to mount a volume for 15 seconds


class Lacking:
    def __init__(self, board: Board) -> None:
        self._board = board

    def look(self, key: Key, line: Line, runner: Runner, tasks: asyncio.TaskGroup) -> float:
        """Look at its warnings if it is time to; return in how many seconds it will be."""
        pod, now = line.pod, time.time()
        wanted = runner.context.runner.kubernetes.print_pod_warning_events
        if pod is None or not wanted or not warned.may_lack(pod):
            return math.inf
        line.looks_at = max(line.looks_at, line.seen_at + _FIRST_SECONDS)
        if now >= line.looks_at:
            line.looks_at = now + max(now - line.seen_at, _FIRST_SECONDS)
            tasks.create_task(self._ask(key, pod, runner))
        return line.looks_at - now

    async def _ask(self, key: Key, pod: PodState, runner: Runner) -> None:
        line = self._board.lines.get(key)
        if line is None:
            return
        found = await warnings_of(runner.site_of(line.record), pod)
        lacks = warned.lasting(found, pod, runner.patience().grace)
        if lacks is not None and line.pod is not None and line.pod.uid == pod.uid:
            line.lacks = lacks
            self._board.stir(key)
