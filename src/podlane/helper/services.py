"""Wait until the job's services answer on the ports they are to be asked on."""

from __future__ import annotations

import socket
import time

from podlane.helper.work import Work

_SECONDS = 30.0


def wait(work: Work) -> None:
    """Dial each port until it answers; a service that does not is a warning only."""
    for service in work.plan.services:
        until = time.monotonic() + _SECONDS
        for port in service.ports:
            if not _answers(work, port, until):
                work.trace.warning(
                    f"service {service.name} does not answer on port {port} after {_SECONDS:.0f} s"
                )


def _answers(work: Work, port: int, until: float) -> bool:
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            work.sleep(0.2)
        else:
            return True
    return False
