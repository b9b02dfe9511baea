"""The state of the small world that is explored: one job, GitLab, the cluster, two managers."""

from __future__ import annotations

from typing import NamedTuple

# where a job is at GitLab
QUEUED, RESERVED, RUNNING, OVER = "queued", "reserved", "running", "over"
# what a helper does next; before it, what keeps it from starting
UNPLACED, PLACED, BAD_IMAGE = -3, -2, -1
PLACE, FIRST_BYTE, MEET, ASK, SCRIPT, FINAL, ENDED = range(7)
# its last word
SILENT, SUCCESS, FAILED, DEFERRED, ACCEPTED = "", "success", "failed", "deferred", "accepted"
# the build container
WAITS, NO_IMAGE, RUNS, GONE = "waits", "no-image", "runs", "gone"


REMARK = 4  # the bit of managers


class Seen(NamedTuple):
    """What the API shows of a pod. `phase` is the helper's: waits, no-image, runs or ended."""

    uid: int
    attempt: int
    is_placed: bool
    phase: str
    word: str
    build: str
    is_told: bool
    is_deleting: bool


class Pod(NamedTuple):
    """`owner`: the record that it belongs to. `hears_term`: its helper knows that it shall end."""

    uid: int
    owner: int
    attempt: int
    step: int = UNPLACED
    word: str = SILENT
    build: str = WAITS
    is_told: bool = False
    is_deleting: bool = False
    hears_term: bool = False

    @property
    def seen(self) -> Seen:
        """While an image is pulled the API shows nothing of what has begun already."""
        phase, is_blind = RUNS, self.build == WAITS and self.step < ENDED
        if self.step < PLACE or is_blind:
            phase = NO_IMAGE if self.step == BAD_IMAGE else WAITS
        elif self.step == ENDED:
            phase = "ended"
        return Seen(
            self.uid,
            self.attempt,
            self.step > UNPLACED,
            phase,
            self.word if self.step == ENDED else SILENT,
            self.build,
            self.is_told,
            self.is_deleting,
        )

    def deleted(self) -> Pod:
        """A helper that runs hears TERM at once."""
        hears = self.hears_term or self.step >= PLACE
        return self._replace(is_deleting=True, hears_term=hears)


class Line(NamedTuple):
    """A manager's line of the job: the record, the pod as it was last seen."""

    record: int
    pod: Seen | None = None
    is_gone: bool = False
    is_spoken: bool = False
    is_reserved: bool | None = None


class Manager(NamedTuple):
    """`launch` and `settle`: what each of its two hands does next, with what it needs for it."""

    is_up: bool = True
    line: Line | None = None
    launch: tuple[str, ...] = ()
    settle: tuple[object, ...] = ()


class World(NamedTuple):
    """`trace`: whose bytes GitLab holds, a bit for each attempt and one for managers. `attempt`:
    the newest that is claimed of the record, and `mark`: the trace before any of it. `final`: how
    the job ended there, and who said so. `runs`: how many scripts have begun. `hand_outs`,
    `crashes`, `losses`: how many may still come."""

    job: str = QUEUED
    trace: int = 0
    final: str = ""
    record: int = 0
    attempt: int = 0
    mark: int = 0
    pods: tuple[Pod, ...] = ()
    managers: tuple[Manager, ...] = (Manager(), Manager())
    runs: int = 0
    hand_outs: int = 1
    crashes: int = 0
    losses: int = 0
    cancels: bool = False

    def pod(self, uid: int) -> Pod | None:
        return next((pod for pod in self.pods if pod.uid == uid), None)

    def with_pod(self, pod: Pod) -> World:
        return self._replace(pods=tuple(pod if one.uid == pod.uid else one for one in self.pods))

    def with_manager(self, index: int, manager: Manager) -> World:
        found = list(self.managers)
        found[index] = manager
        return self._replace(managers=tuple(found))

    def fresh_uid(self) -> int:
        """The smallest number that nothing in the world refers to."""
        used = {self.record, *(pod.uid for pod in self.pods), *(pod.owner for pod in self.pods)}
        for one in self.managers:
            if one.line is not None:
                used.add(one.line.record)
                used.add(one.line.pod.uid if one.line.pod is not None else 0)
            used.update(word for word in one.settle if isinstance(word, int))
        return next(number for number in range(1, 99) if number not in used)
