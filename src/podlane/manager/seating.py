"""Whether there are several managers, as the Deployment says it in the environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping

from podlane.core.pod.seats import Pace
from podlane.manager.seats import Seating

REPLICAS = "PODLANE_REPLICAS"
NAMESPACE = "PODLANE_NAMESPACE"  # of the Leases
POD = "PODLANE_POD"  # its name: a container that starts anew in it has its seat again at once
_FAST = "PODLANE_LEASE_SECONDS"  # shorter, for tests


def seating(environ: Mapping[str, str], host_name: str) -> Seating | None:
    """None for a single manager."""
    replicas = environ.get(REPLICAS, "")
    if not replicas.isdecimal() or int(replicas) < 2:
        return None
    me = environ.get(POD) or f"{host_name}-{os.getpid()}-{secrets.token_hex(4)}"
    return Seating(int(replicas), environ.get(NAMESPACE) or "default", me, _pace(environ))


def _pace(environ: Mapping[str, str]) -> Pace:
    """All of it in proportion to how long a Lease holds."""
    plain, text = Pace(), environ.get(_FAST, "")
    factor = int(text) / plain.lease if text.isdecimal() and int(text) else 1.0
    return Pace(
        renew=plain.renew * factor,
        again=plain.again * factor,
        deadline=plain.deadline * factor,
        lease=plain.lease * factor,
        vacancy=plain.vacancy * factor,
    )
