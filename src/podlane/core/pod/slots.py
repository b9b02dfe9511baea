"""The numbers of jobs that live at one time: CI_CONCURRENT_ID and CI_CONCURRENT_PROJECT_ID.

They stand in labels of the record and of the pod. Jobs that share a builds volume are kept apart
by them, so no two live jobs of a runner may have the same (docs/decisions/0007-slots.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from podlane.core.pod import names


class Claim(msgspec.Struct, frozen=True):
    """`slot` is unique in the runner, `project_slot` in the runner and project."""

    runner: str
    project_id: str
    slot: int
    project_slot: int

    def clashes(self, other: Claim) -> bool:
        if self.runner != other.runner:
            return False
        same_project = self.project_id == other.project_id
        return self.slot == other.slot or (same_project and self.project_slot == other.project_slot)


def choose(runner: str, project_id: str, held: Iterable[Claim]) -> Claim:
    """The lowest numbers that are free."""
    others = [claim for claim in held if claim.runner == runner]
    mates = {claim.project_slot for claim in others if claim.project_id == project_id}
    return Claim(runner, project_id, _lowest({claim.slot for claim in others}), _lowest(mates))


def parse_claim(labels: Mapping[str, str]) -> Claim | None:
    """Read an object's numbers; None where it has none."""
    slot, project_slot = labels.get(names.SLOT, ""), labels.get(names.PROJECT_SLOT, "")
    if not (slot.isdecimal() and project_slot.isdecimal()):
        return None
    runner, project_id = labels.get(names.RUNNER, ""), labels.get(names.PROJECT_ID, "")
    return Claim(runner, project_id, int(slot), int(project_slot))


def _lowest(taken: set[int]) -> int:
    return next(number for number in range(len(taken) + 1) if number not in taken)
