"""TERM: the pod is to end, for it is deleted, drained, evicted or preempted.

What is known of the log goes to GitLab at once, and from then on all that comes as it comes. A
script that runs goes on: its container is told as well, and lets it run. What has not begun does
not begin (`Work.must_end`).
"""

from __future__ import annotations

import os
import signal
import threading
import time

from podlane.helper.work import Work, go_duration


class Ending:
    """Made first of all: the kernel drops a signal that process 1 has no handler for. The signal
    comes at any moment and in any thread, so its handler takes no lock: it notes the time and wakes
    a thread."""

    def __init__(self) -> None:
        self._at = 0.0
        self._work: Work | None = None
        self._told, self._tell = os.pipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def attend(self, work: Work) -> None:
        self._work = work
        # a byte in this pipe wakes whatever the main thread waits for
        signal.set_wakeup_fd(work.wake_pipe[1], warn_on_full_buffer=False)
        work.terminated_at = work.terminated_at or self._at
        threading.Thread(target=self._serve, args=(work,), daemon=True, name="ending").start()

    def _handle(self, _number: int, _frame: object) -> None:
        if self._at:
            return
        self._at = time.monotonic()
        if self._work is not None:
            self._work.terminated_at = self._at
        os.write(self._tell, b"!")

    def _serve(self, work: Work) -> None:
        os.read(self._told, 1)
        if not (work.reporter.is_stopped or work.is_closed):
            work.trace.warning(_sentence(work))
        work.reporter.hurry()


def _sentence(work: Work) -> str:
    if not work.has_begun:
        return "the pod was told to end; its script has not begun and will not begin"
    return f"the pod was told to end; what runs has {go_duration(work.time_to_end())} to end well"
