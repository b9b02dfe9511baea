"""What a failed job's log says of its pod that stays: for how long, and how to look into it."""

from __future__ import annotations

import msgspec

from podlane.core.text.duration import format_duration


class Place(msgspec.Struct, frozen=True):
    """Where a pod is, in kubectl's words."""

    namespace: str
    pod: str

    def kubectl(self, *words: str) -> str:
        return " ".join(("  kubectl -n", self.namespace, *words))


def way_in(place: Place, seconds: float, folder: str) -> tuple[str, ...]:
    """Of a pod whose build container lives on."""
    return (
        f"{_stays(seconds)}; the working copy is in {folder}",
        place.kubectl("exec", "-it", place.pod, "-c build -- sh"),
    )


def way_to_look(place: Place, seconds: float) -> tuple[str, ...]:
    """Of a pod that nobody can enter, for its build container has ended."""
    return (
        f"{_stays(seconds)}; its build container has ended",
        place.kubectl("describe pod", place.pod),
        place.kubectl("logs", place.pod, "--all-containers"),
    )


def _stays(seconds: float) -> str:
    return f"The pod stays for {format_duration(seconds)} to be looked into"
