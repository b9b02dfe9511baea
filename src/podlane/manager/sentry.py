"""Errors of podlane itself, sent to Sentry: the log's lines from `error` on, and a crash.

Sending is never waited for, but at a crash for two seconds. The same line is sent once in a minute
and ten of all of them; what is too much is dropped, as is what Sentry does not take.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque

from podlane import __version__
from podlane.clients.http.request import Request
from podlane.clients.http.retry import told_pause
from podlane.clients.http.session import HttpSession
from podlane.clients.sentry.event import Event, send_event
from podlane.core.config.dsn import Dsn, parse_dsn
from podlane.core.text.token import Token
from podlane.errors import ServiceError

log = logging.getLogger(__name__)
_NONE = Token("")
_WINDOW_SECONDS = 60.0
_MOST = 10
_WAITING = 20
_SEND_SECONDS = 10.0
_CRASH_SECONDS = 2.0
_PAUSE_SECONDS = 60.0


class Sentry(logging.Handler):
    """A handler of the log. Off until `change` names a project; `fallback`: the environment's."""

    def __init__(self, fallback: Token = _NONE) -> None:
        super().__init__(logging.ERROR)
        self._fallback = fallback
        self._dsn: Dsn | None = None
        self._waiting: deque[Event] = deque(maxlen=_WAITING)
        self._stirred = asyncio.Event()
        self._sent: dict[str, float] = {}
        self._quiet_until = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_said = False

    def change(self, dsn: Token) -> None:
        """Take what the config says, which has been checked."""
        used = dsn or self._fallback
        self._dsn = parse_dsn(used.reveal()) if used else None

    def emit(self, record: logging.LogRecord) -> None:
        loop = self._loop
        if loop is None or self._dsn is None or record.name == __name__:
            return
        level = "fatal" if record.levelno >= logging.CRITICAL else "error"
        error = record.exc_info[1] if record.exc_info else None
        fields = getattr(record, "fields", {})
        event = Event(
            uuid.uuid4().hex, record.created, level, record.name, record.getMessage(), fields, error
        )
        if self._may_send(event, record.created):
            self._waiting.append(event)
            loop.call_soon_threadsafe(self._stirred.set)

    async def serve(self) -> None:
        """Send what comes, for ever."""
        self._loop = asyncio.get_running_loop()
        logging.getLogger("podlane").addHandler(self)
        try:
            async with _Session() as session:
                while True:
                    await self._stirred.wait()
                    self._stirred.clear()
                    while self._waiting:
                        await self._send(session, self._waiting.popleft())
        finally:
            logging.getLogger("podlane").removeHandler(self)

    async def crashed(self, error: BaseException) -> None:
        """Send the error that ends the process, if that can be done at once."""
        if self._dsn is None:
            return
        event = Event(uuid.uuid4().hex, time.time(), "fatal", "podlane", "podlane ended", {}, error)
        try:
            async with asyncio.timeout(_CRASH_SECONDS), _Session() as session:
                await self._send(session, event)
        except TimeoutError:
            return

    def _may_send(self, event: Event, now: float) -> bool:
        self._sent = {key: at for key, at in self._sent.items() if now - at < _WINDOW_SECONDS}
        key = f"{event.logger}\n{event.message}\n{event.fields.get('runner', '')}"
        if now < self._quiet_until or key in self._sent or len(self._sent) >= _MOST:
            return False
        self._sent[key] = now
        return True

    async def _send(self, session: HttpSession, event: Event) -> None:
        dsn = self._dsn
        if dsn is None:
            return
        request: Request = send_event(dsn, event, __version__)
        try:
            answer = await session.send(request, timeout=_SEND_SECONDS)
        except ServiceError as error:
            self._say(error.message)
            return
        if answer.status == 429:
            now = time.time()
            self._quiet_until = now + (told_pause(answer.headers, now) or _PAUSE_SECONDS)
        elif answer.status >= 400:
            self._say(f"it answered {answer.status}")
        else:
            self._is_said = False

    def _say(self, why: str) -> None:
        if not self._is_said:
            self._is_said = True
            log.warning("Cannot send an error to Sentry", extra={"fields": {"why": why}})


class _Session:
    """A session that is closed again."""

    async def __aenter__(self) -> HttpSession:
        self._session = HttpSession(user_agent=f"podlane/{__version__}", service="sentry")
        return self._session

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
