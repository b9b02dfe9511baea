"""What the Leases of several managers are called: `deploy` makes them, managers sit on them."""

from __future__ import annotations

SEAT = "podlane.dev/seat"  # its number; on a record: that of the manager that launched the job
SEATS = "podlane.dev/seats"  # the installation


def lease_name(installation: str, ordinal: int) -> str:
    return f"{installation}-{ordinal}"


def labels(installation: str, ordinal: int) -> dict[str, str]:
    return {SEATS: installation, SEAT: str(ordinal)}
