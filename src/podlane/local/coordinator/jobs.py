"""The jobs of the embedded GitLab: their states, their traces, what runners said of them."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROCESSING = ("running", "canceling")
OVER = ("success", "failed", "canceled")


def _ignore(job: CoordinatorJob) -> None:
    return


@dataclass(eq=False)
class CoordinatorJob:
    """One job. `trace` is kept in a file; `moments` tells when it first entered each state, and
    when it was `handed_out`, `acknowledged` (first PUT running) and got its `first_byte`.

    `runner` is the token of the one that has got it. `is_reserved`: handed out in two phases,
    still `pending` until that runner says running.
    `checksum` and `bytesize` are the runner's last claim, `mismatches` counts 416 answers.
    """

    id: int
    token: str = field(repr=False)
    payload: dict[str, Any] = field(repr=False)
    tags: frozenset[str]
    trace_file: Path
    required_features: frozenset[str] = frozenset()
    state: str = "created"
    failure_reason: str = ""
    exit_code: int = 0
    runner: str = field(default="", repr=False)
    system_id: str = ""
    handed_out: int = 0
    is_reserved: bool = False
    is_graceful: bool = False
    is_debug: bool = False
    checksum: str = ""
    bytesize: int = 0
    checksum_matches: bool | None = None
    final_tries: int = 0
    trace_size: int = 0
    trace_crc: int = 0
    mismatches: int = 0
    artifacts: dict[str, Path] = field(default_factory=dict)
    artifact_names: dict[str, str] = field(default_factory=dict)
    dotenv: dict[str, str] = field(default_factory=dict, repr=False)
    moments: dict[str, float] = field(default_factory=dict)
    hand_outs: list[float] = field(default_factory=list)
    touched: list[float] = field(default_factory=list)
    finished: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    tell: Callable[[CoordinatorJob], None] = field(default=_ignore, repr=False)

    @property
    def name(self) -> str:
        return str(self.payload.get("job_info", {}).get("name", self.id))

    @property
    def trace(self) -> bytes:
        return self.trace_file.read_bytes() if self.trace_file.exists() else b""

    def read_trace(self, offset: int, limit: int) -> bytes:
        with self.trace_file.open("rb") as file:
            file.seek(offset)
            return file.read(limit)

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_processing(self) -> bool:
        """A runner works on it: its token is good for everything."""
        return self.state in PROCESSING

    @property
    def has_token(self) -> bool:
        """Its token opens repositories and artifacts; in two phases before it is running too."""
        return self.is_processing or self.is_reserved

    def enter(self, state: str) -> None:
        self.state = state
        self.is_reserved = False
        self.moments.setdefault(state, time.time())
        if self.is_over:
            self.finished.set()
        self.stir()
        self.tell(self)

    def stir(self) -> None:
        """Wake whoever follows the job; each waits on the event that is current."""
        event, self.changed = self.changed, asyncio.Event()
        event.set()

    def hand_out(self, runner: str, system_id: str, features: dict[str, Any]) -> None:
        """Note who has got it and what that runner can do."""
        now = time.time()
        self.moments.setdefault("handed_out", now)
        self.hand_outs.append(now)
        self.handed_out += 1
        self.runner, self.system_id = runner, system_id
        self.is_graceful = bool(features.get("cancel_gracefully"))

    def touch(self) -> None:
        now = time.time()
        self.moments.setdefault("acknowledged", now)
        self.touched.append(now)

    def append(self, data: bytes) -> None:
        if not self.trace_size:
            self.moments.setdefault("first_byte", time.time())
        with self.trace_file.open("ab") as file:
            file.write(data)
        self.trace_size += len(data)
        self.trace_crc = zlib.crc32(data, self.trace_crc)
        self.stir()

    def lose_trace(self) -> None:
        """Forget what was stored, as a GitLab that lost its chunks does."""
        self.trace_file.unlink(missing_ok=True)
        self.trace_size = self.trace_crc = 0

    def check(self, checksum: str, bytesize: int) -> None:
        """Compare what the runner says of the trace with what is stored, to the letter."""
        self.checksum, self.bytesize = checksum, bytesize
        stored = f"crc32:{self.trace_crc:08x}"
        self.checksum_matches = checksum == stored and bytesize == self.trace_size

    def finish(self, state: str, failure_reason: str, exit_code: int) -> None:
        """Take the runner's outcome; a job that is canceling ends canceled whatever it says."""
        self.failure_reason, self.exit_code = failure_reason, exit_code
        self.enter("canceled" if self.state == "canceling" else state)
