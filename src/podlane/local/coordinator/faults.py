"""What the embedded GitLab does wrong when it is told to."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass
class Fault:
    """`call` is `request`, `update`, `trace`, `artifact` or `*`.

    `kind`: `status` (answer `status` and do nothing), `drop` (close the connection and do nothing),
    `drop_after` (do it, then close), `slow` (wait `seconds`, then do it), `cancel` (cancel the
    job first), `lose` (lose the stored trace first). Ends after `times`, or at `until` (epoch).
    """

    call: str
    kind: str = "status"
    status: int = 500
    seconds: float = 0.0
    times: int = 1
    until: float = 0.0
    job: int = 0


@dataclass
class Faults:
    waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.waiting.append(fault)

    def take(self, call: str, job: int = 0) -> Fault | None:
        """The fault for this call, if one is due; it is used up by it."""
        now = time.time()
        for fault in list(self.waiting):
            if fault.until and now > fault.until:
                self.waiting.remove(fault)
                continue
            if fault.call in (call, "*") and fault.job in (0, job):
                if not fault.until:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.waiting.remove(fault)
                return fault
        return None
