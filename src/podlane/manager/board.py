"""The one view of our jobs: records joined with pods, fed by list and watch.

The only mutable thing that the manager's parts share. It is changed between awaits only, in this
file only. After a restart it is filled by the same two lists, so adopting jobs and watching them
is one code. It keeps what `core.pod.state` reads, about 1 KiB a job, never a payload.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from podlane.core.pod.finding import Finding
from podlane.core.pod.slots import Claim
from podlane.core.pod.state import PodState, RecordState
from podlane.core.pod.tries import QUOTA
from podlane.core.pod.verdict import Entry
from podlane.manager.site import cluster_of

Key = tuple[str, str]  # (site, record name)


def _covers(view: str, site: str) -> bool:
    """Whether a site is part of what is watched: it itself, or all of its cluster (`cluster/`)."""
    return site == view or (view.endswith("/") and site.startswith(view))


class Holder(NamedTuple):
    """Who holds which slots, and since which version of the cluster."""

    claim: Claim
    since: int


@dataclass
class Line:
    """One job on the board. `is_seen`: the cluster has shown us its record, and all before it.

    `is_spoken`: GitLab has its outcome, by our word or by the helper's that we have seen, or has
    the job back. `is_reserved`: GitLab keeps the job for us until it is confirmed, and none of it
    runs before; None: not known.
    `is_remarked`: its log says by whom its pod is taken away. `lacks`: what its pod waits for and
    will not get; `looks_at`: when its warnings are looked at for that (`manager.lacking`).
    `is_kept`: its pod stays all the same, to be looked into. `removed_at`: when its objects were
    last told to go; 0 if never. `said`: bytes at the beginning of its trace that are ours alone.
    """

    record: RecordState
    pod: PodState | None = None
    seen_at: float = 0
    pod_is_gone: bool = False
    is_launching: bool = False
    is_spoken: bool = False
    is_kept: bool = False
    is_reserved: bool | None = None
    is_seen: bool = False
    is_remarked: bool = False
    removed_at: float = 0
    said: int = 0
    lacks: Finding | None = None
    looks_at: float = 0
    since: int = field(init=False)

    def __post_init__(self) -> None:
        self.since = self.record.version

    @property
    def is_over(self) -> bool:
        """Tell whether the job holds no place any more, though its objects may still be there."""
        word = self.pod.word if self.pod is not None else None
        accepted = word is not None and word.state == "accepted"
        accepted = accepted or (self.pod is not None and self.pod.is_spoken)
        return self.is_spoken or accepted or self.record.is_deleting

    def holder(self) -> Holder | None:
        """What the job holds until nothing of its pod runs."""
        claim = self.record.claim
        if claim is None or (self.pod is not None and self.pod.has_ended):
            return None
        return Holder(claim, 0 if self.record.is_deleting else self.since)

    def entry(self) -> Entry:
        return Entry(
            self.record,
            self.pod,
            self.seen_at,
            self.pod_is_gone,
            self.is_launching,
            self.is_reserved is True,
            self.is_remarked,
            self.lacks,
        )


@dataclass
class Board:
    """`changed` holds the keys to be looked at again; `stir` wakes whoever waits for a change.

    A view is a site, or all sites of a cluster (`_covers`). `blind`: the views that we have lost
    sight of, half of each ("records", "pods") a word. `crowded`: the jobs whose objects a quota has
    no room for, with the runner and the API's sentence.
    """

    lines: dict[Key, Line] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)
    blind: set[tuple[str, str]] = field(default_factory=set)
    crowded: dict[Key, tuple[str, str]] = field(default_factory=dict)
    _strays: dict[str, tuple[str, PodState]] = field(default_factory=dict)  # by uid, with the site
    _waiters: list[asyncio.Event] = field(default_factory=list)

    def watcher(self) -> asyncio.Event:
        """Return an event that is set at every change; its owner clears it."""
        event = asyncio.Event()
        self._waiters.append(event)
        return event

    def unwatch(self, event: asyncio.Event) -> None:
        self._waiters.remove(event)

    def stir(self, key: Key) -> None:
        self.changed.add(key)
        for event in self._waiters:
            event.set()

    def see(self, view: str, what: str, *, is_seen: bool) -> None:
        """Take that one half of a view is lost, or is there again."""
        if is_seen:
            self.blind.discard((view, what))
        else:
            self.blind.add((view, what))
        for event in self._waiters:
            event.set()

    def note_room(self, key: Key, runner: str, trouble: str = "") -> None:
        """Take what came of the making of a job's object: done, or the API's sentence."""
        if QUOTA in trouble:
            self.crowded[key] = (runner, trouble)
        elif self.crowded.pop(key, None) is None:
            return
        for event in self._waiters:
            event.set()

    def over_quota(self, runner: str) -> str:
        """The sentence of the quota that has no room for a job of the runner; "" if none."""
        return next((why for owner, why in self.crowded.values() if owner == runner), "")

    def is_blind(self, site: str) -> bool:
        return any(_covers(view, site) for view, _ in self.blind)

    def stir_view(self, view: str) -> None:
        """Have each job of a view looked at again."""
        for key in [key for key in self.lines if _covers(view, key[0])]:
            self.stir(key)

    def put_record(
        self, site: str, record: RecordState, *, is_seen: bool = False, now: float = 0
    ) -> None:
        """`is_seen`: the cluster's list or watch shows it, not our own request's answer alone."""
        key = (site, record.name)
        line = self.lines.get(key)
        if line is not None and line.record.uid == record.uid:
            line.record = record
        elif line is None or line.record.version <= record.version:
            line = self.lines[key] = Line(record, self._take_stray(site, record), now)
        else:
            return  # an older record of this name, which is gone
        line.is_seen = line.is_seen or is_seen
        self.stir(key)

    def drop_record(self, site: str, name: str, uid: str = "") -> None:
        """Its pod may live on for a while; `uid`: only if the record is that one."""
        line = self.lines.get((site, name))
        if line is None or uid not in ("", line.record.uid):
            return
        del self.lines[(site, name)]
        self.crowded.pop((site, name), None)
        if line.pod is not None and not line.pod_is_gone:
            self._strays[line.pod.uid] = (site, line.pod)
        self.stir((site, name))

    def put_pod(self, site: str, pod: PodState, now: float) -> None:
        key = (site, pod.record)
        line = self.lines.get(key)
        if line is None or pod.owner not in ("", line.record.uid):
            self._strays[pod.uid] = (site, pod)
            return
        old = line.pod
        if old is not None and (old.attempt > pod.attempt or (old == pod and not line.pod_is_gone)):
            return
        if old is None or old.uid != pod.uid or old.containers != pod.containers:
            line.seen_at = now
        line.pod, line.pod_is_gone = pod, False
        self.stir(key)

    def drop_pod(self, site: str, pod: PodState) -> None:
        key = (site, pod.record)
        self._strays.pop(pod.uid, None)
        line = self.lines.get(key)
        if line is not None and line.pod is not None and line.pod.uid == pod.uid:
            # its last state says more than its absence: a word may stand in it
            line.pod, line.pod_is_gone = pod, True
            self.stir(key)

    def strays(self, cluster: str) -> list[tuple[str, PodState]]:
        """The pods that no record on the board belongs to, with their sites."""
        return [one for one in self._strays.values() if cluster_of(one[0]) == cluster]

    def holders(self, but: Line | None = None) -> Iterator[Holder]:
        """All slots that are held: by jobs, and by pods whose record has gone before them."""
        found = [line.holder() for line in self.lines.values() if line is not but]
        pods = [pod for _, pod in self._strays.values() if not pod.has_ended]
        yield from (holder for holder in found if holder is not None)
        yield from (Holder(pod.claim, 0) for pod in pods if pod.claim is not None)

    def _take_stray(self, site: str, record: RecordState) -> PodState | None:
        for uid, (where, pod) in self._strays.items():
            if (where, pod.record) == (site, record.name) and pod.owner in ("", record.uid):
                del self._strays[uid]
                return pod
        return None

    def keep_only_records(self, view: str, present: Iterable[Key]) -> None:
        """Drop the records of `view` that a fresh list no longer shows."""
        keys = set(present)
        gone = [key for key in self.lines if _covers(view, key[0]) and key not in keys]
        for key in gone:
            if not self.lines[key].is_launching:
                self.drop_record(*key)

    def keep_only_pods(self, view: str, present: Iterable[str]) -> None:
        """Mark as gone the pods of `view` that a fresh list (of uids) no longer shows."""
        uids = set(present)
        gone = [uid for uid, (where, _) in self._strays.items() if _covers(view, where)]
        for uid in set(gone) - uids:
            del self._strays[uid]
        for (where, _), line in list(self.lines.items()):
            if _covers(view, where) and line.pod is not None and line.pod.uid not in uids:
                self.drop_pod(where, line.pod)

    def live(self, runner: str = "", counts: Callable[[str], bool] = lambda _: True) -> int:
        """Count the jobs that hold a place, of one runner or of all; `counts` is asked for the
        seat that a job was launched from."""
        found = (line for line in self._of(runner) if not line.is_over)
        return sum(1 for line in found if counts(line.record.seat))

    def ahead(self, key: Key, runner: str = "") -> int:
        """Count the live jobs of a job's cluster whose records were made before its own."""
        mine, cluster = self.lines[key], cluster_of(key[0])
        return sum(
            1
            for (site, _), line in self.lines.items()
            if runner in ("", line.record.runner)
            and cluster_of(site) == cluster
            and line.since < mine.since
            and not line.is_over
        )

    def unplaced(self) -> list[str]:
        """For each pod that no node takes: why."""
        pods = (line.pod for line in self._of("") if not line.is_over)
        return [pod.unschedulable for pod in pods if pod is not None and pod.unschedulable]

    def _of(self, runner: str) -> Iterator[Line]:
        return (line for line in self.lines.values() if runner in ("", line.record.runner))
