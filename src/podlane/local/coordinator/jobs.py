"""The jobs of the embedded GitLab: their states, their traces, what runners said of them."""

from __future__ import annotations

import asyncio
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ALIVE = ("pending", "running", "canceling")


@dataclass
class CoordinatorJob:
    """One job. `trace` is kept in a file; `moments` tells when it entered each state."""

    id: int
    token: str
    payload: dict[str, Any]
    tags: frozenset[str]
    trace_file: Path
    state: str = "pending"
    failure_reason: str = ""
    exit_code: int = 0
    runner: str = ""
    handed_out: int = 0
    is_graceful: bool = False
    checksum_matches: bool | None = None
    final_tries: int = 0
    trace_size: int = 0
    mismatches: int = 0
    artifacts: dict[str, Path] = field(default_factory=dict)
    artifact_names: dict[str, str] = field(default_factory=dict)
    dotenv: dict[str, str] = field(default_factory=dict)
    moments: dict[str, float] = field(default_factory=dict)
    touched: list[float] = field(default_factory=list)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        return str(self.payload.get("job_info", {}).get("name", self.id))

    @property
    def trace(self) -> bytes:
        return self.trace_file.read_bytes() if self.trace_file.exists() else b""

    @property
    def is_over(self) -> bool:
        return self.state in ("success", "failed", "canceled")

    def enter(self, state: str) -> None:
        self.state = state
        self.moments.setdefault(state, time.time())
        self.stir()
        if self.is_over:
            self.finished.set()

    def stir(self) -> None:
        """Wake whoever follows the job; each waits on the event that is current."""
        event, self.changed = self.changed, asyncio.Event()
        event.set()

    def append(self, data: bytes) -> None:
        if not self.trace_size and data:
            self.moments.setdefault("first_byte", time.time())
        with self.trace_file.open("ab") as file:
            file.write(data)
        self.trace_size += len(data)
        self.stir()

    def lose_trace(self) -> None:
        """Forget what was stored, as a GitLab that lost its chunks does."""
        self.trace_file.unlink(missing_ok=True)
        self.trace_size = 0

    def check(self, checksum: str, bytesize: int) -> None:
        """Compare what the runner says of the trace with what is stored."""
        data = self.trace
        self.checksum_matches = checksum == f"crc32:{zlib.crc32(data):08x}" and bytesize == len(
            data
        )

    def finish(self, state: str, failure_reason: str, exit_code: int) -> None:
        """Take the runner's outcome; a job that is canceling ends canceled whatever it says."""
        self.failure_reason, self.exit_code = failure_reason, exit_code
        self.enter("canceled" if self.state == "canceling" else state)
