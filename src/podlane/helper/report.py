"""The thread that owns the trace: it sends, hears "cancel", and sends the final status.

What GitLab has acknowledged is the only truth. GitLab may be away for as long as it likes: the
script does not wait, the spool keeps, and all is sent again from where GitLab says it stands.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from podlane.clients.gitlab.calls import Update
from podlane.core.job.outcome import Outcome
from podlane.core.plan.model import SILENCE
from podlane.core.trace.handover import is_accepted
from podlane.core.trace.pace import pause_after, send_after, touch_after
from podlane.core.trace.reply import Reply, Word
from podlane.core.trace.window import PIECE, Window
from podlane.errors import ServiceError, Unavailable
from podlane.helper.spool import Spool

if TYPE_CHECKING:
    from podlane.clients.gitlab.blocking import BlockingJobApi

_INTERVAL = 3.0
_MOST_PROBES = 3
_LONGEST_PAUSE = 60.0
_OFFSET_PAUSE = 0.2
_MOST_MOVES = 5
_PATIENCE = 180.0


class Reporter:
    """`heard` is called, from this thread, when GitLab cancels or stops the job; `connect` as
    well, for an API of this thread's own. `silence`: the longest that GitLab hears nothing."""

    def __init__(
        self,
        connect: Callable[[], BlockingJobApi],
        spool: Spool,
        heard: Callable[[], None],
        *,
        is_debug: bool,
        silence: float = SILENCE,
    ) -> None:
        self.is_canceling = False
        self.is_stopped = False
        self.job_status = ""
        self.window = Window()
        self._connect = connect
        self._spool = spool
        self._heard = heard
        self._is_debug = is_debug
        self._silence = silence
        self._changed = threading.Condition()
        self._interval = _INTERVAL
        self._urgent = True
        self._ends = False
        self._last_sent = 0.0
        self._rests_until = 0.0
        self._failures = 0
        self._is_hurried = False
        self._reply = Reply(Word.AGAIN)
        self._is_placed = False
        self._probes = 0
        self._thread = threading.Thread(target=self._serve, daemon=True, name="report")

    @cached_property
    def _api(self) -> BlockingJobApi:
        return self._connect()

    def start(self) -> None:
        self._thread.start()

    def wake(self, *, is_urgent: bool = False) -> None:
        """There is more to send; `is_urgent`: do not wait for the interval."""
        is_whole_piece = self._spool.size - self.window.sent >= PIECE
        if is_urgent or is_whole_piece:
            with self._changed:
                self._urgent = self._urgent or is_urgent
                self._changed.notify_all()

    def hurry(self) -> None:
        """Send what there is, and from now on all that comes as it comes: the pod is to end."""
        with self._changed:
            self._urgent = self._is_hurried = True
            self._rests_until = 0.0
            self._changed.notify_all()

    def wait_for_first_byte(self, seconds: float) -> bool:
        """Whether GitLab holds something of this trace, which tells that the helper has begun."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self.window.sent > 0 or self.is_stopped, timeout=seconds
            )

    def flush(self, seconds: float) -> bool:
        """Send all there is; whether GitLab had it within `seconds`."""
        until = time.monotonic() + seconds
        with self._changed:
            self._urgent = True
            self._changed.notify_all()
            return self._changed.wait_for(
                lambda: self.window.sent >= self._spool.size or self.is_stopped,
                timeout=until - time.monotonic(),
            )

    def finish(self, outcome: Outcome, until: Callable[[], float]) -> bool:
        """End the thread, send what is left and the final status; whether nothing is left to do.

        `until()`: monotonic seconds after which there is no more time.
        """
        self.stop_thread()
        while time.monotonic() < until():
            if self._send_rest(until) and not self.is_stopped:
                reply = self._call(lambda: self._api.update(self._final(outcome)))
                if is_accepted(reply):
                    return True
                if reply.word is Word.FROM_START:
                    self.window.restart()
            if self.is_stopped:
                return True  # over for GitLab as well: nothing is left to be said
            time.sleep(min(self._pause(), max(0.0, until() - time.monotonic())))
        return False

    def send_all(self, until: Callable[[], float]) -> None:
        """End the thread and send what is left, without a final status; for minutes, not hours:
        the manager waits for its turn."""
        self.stop_thread()
        patience = time.monotonic() + _PATIENCE
        while not self._send_rest(until) and not self.is_stopped:
            left = min(until(), patience) - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, self._pause()))

    def stop_thread(self) -> None:
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        self._thread.join()

    def _final(self, outcome: Outcome) -> Update:
        checksum, size = self._spool.checksum() if self.window.is_alone else ("", 0)
        reason = str(outcome.failure_reason or "")
        return Update(outcome.state, reason, outcome.exit_code, checksum, size)

    def _serve(self) -> None:
        self._begin()
        while self._wait():
            self._step()

    def _begin(self) -> None:
        """Learn at which offset the trace goes on: the manager may have written before us."""
        while not self._ends and not self.is_stopped and not self._place():
            with self._changed:
                self._changed.wait_for(lambda: self._ends, self._pause())

    def _place(self) -> bool:
        """Say that the job runs, then ask for the size of the trace; whether both were answered.

        A server that takes the one and never answers the other has no such answer: begin at 0.
        """
        if self._call(lambda: self._api.update(Update("running"))).word is Word.AGAIN:
            return False
        reply = self._call(self._api.trace_size)
        self._probes += 1
        self._is_placed = reply.word is not Word.AGAIN or self._probes >= _MOST_PROBES
        self.window.found(reply.offset or 0)
        return self._is_placed

    def _wait(self) -> bool:
        """Wait until there is something to do; False when the thread shall end."""
        with self._changed:
            while not (self._ends or self.is_stopped):
                now = time.monotonic()
                if self._rests_until > now:
                    left = self._rests_until - now
                elif self._urgent or self._spool.size - self.window.sent >= PIECE:
                    break
                else:
                    left = self._last_sent + self._due() - now
                if left <= 0:
                    break
                self._changed.wait(min(left, 0.5))
        return not (self._ends or self.is_stopped)

    def _due(self) -> float:
        """Seconds after the last piece at which GitLab is to hear of us again."""
        if self._spool.size > self.window.sent:
            return send_after(self._interval, self._silence, is_hurried=self._is_hurried)
        return touch_after(self._interval, self._silence)

    def _step(self) -> None:
        self._urgent = False
        if self._send_piece():
            return
        if time.monotonic() >= self._last_sent + touch_after(self._interval, self._silence):
            checksum, size = self._spool.checksum() if self.window.is_alone else ("", 0)
            self._call(
                lambda: self._api.update(Update("running", checksum=checksum, bytesize=size))
            )
            self._last_sent = time.monotonic()

    def _send_piece(self) -> bool:
        """Send the next piece if there is one; whether there was."""
        piece = self.window.next(self._spool.size)
        if piece is None:
            return False
        data = self._spool.read(piece.start, piece.size)
        reply = self._call(
            lambda: self._api.append_trace(piece.offset, data, is_debug=self._is_debug)
        )
        with self._changed:
            self.window.answered(piece, reply)
            self._last_sent = time.monotonic()
            if self.window.sent < self._spool.size and reply.word is Word.DONE:
                self._urgent = self._urgent or piece.size == PIECE
            self._rests_until = time.monotonic() + self._pause() if self._failures else 0.0
            self._changed.notify_all()
        return True

    def _send_rest(self, until: Callable[[], float]) -> bool:
        """Send all that is left; False when a call failed on the way."""
        if not self._is_placed and not self._place():
            return False
        while not self.is_stopped and time.monotonic() < until():
            if not self._send_piece():
                return True
            if self._reply.word is Word.AGAIN:
                return False
            if self._reply.word is Word.OFFSET:
                time.sleep(self._pause())  # a server that never agrees must not be flooded
        return not self.is_stopped

    def _call(self, call: Callable[[], Reply]) -> Reply:
        """Make one call and take what every answer may say."""
        try:
            reply = call()
        except Unavailable as error:
            reply = Reply(Word.AGAIN, wait=error.retry_after)
        except ServiceError:
            reply = Reply(Word.AGAIN)
        self._reply = reply
        is_failure = reply.word in (Word.AGAIN, Word.OFFSET)
        self._failures = self._failures + 1 if is_failure else 0
        self.take(reply)
        return reply

    def take(self, reply: Reply) -> None:
        """Heed what an answer says besides its own matter; any thread may have got it."""
        self.job_status = reply.job_status or self.job_status
        if reply.interval:
            self._interval = reply.interval
        news = (reply.is_canceling, reply.word is Word.STOP)
        if (news[0] and not self.is_canceling) or (news[1] and not self.is_stopped):
            self.is_canceling |= news[0]
            self.is_stopped |= news[1]
            self._heard()
            with self._changed:
                self._changed.notify_all()

    def _pause(self) -> float:
        """Seconds before the call is made again to which `_reply` was the answer."""
        reply = self._reply
        told = reply.interval if reply.wait is None and reply.word is Word.LATER else reply.wait
        if told is not None and not self._is_hurried:
            return min(told, _LONGEST_PAUSE)
        if reply.word is Word.OFFSET and self._failures < _MOST_MOVES:
            return _OFFSET_PAUSE
        chance = os.urandom(1)[0] / 255
        return pause_after(max(1, self._failures), chance, is_hurried=self._is_hurried)
