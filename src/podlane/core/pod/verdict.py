"""A job's objects and the time → what the manager shall do about them.

`judge` is total and pure: an ordered list of small rules, first answer wins. The order is the
argument: the helper's own word beats everything the API says, what the kubelet states beats what
is only waited for, and waiting has an end. One speaker: we speak for a pod only if its helper has
terminated, or never started, or the pod is gone (docs/path-of-a-job.md). No rule needs to have
seen `Running`, and no verdict needs a deletion to take effect.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from podlane.core.job.outcome import FailureReason, Outcome, failed
from podlane.core.job.tell import Told
from podlane.core.pod import evidence, waiting, warned
from podlane.core.pod.finding import Finding
from podlane.core.pod.state import PodState, RecordState


class Patience(msgspec.Struct, frozen=True):
    """Seconds. `start`: for a node, and again for each image or object that is waited for.

    `images`: how long a job runs before its helper is told which images run; 0: it is not told.
    `is_told`: whether the helper is told why another container has not started yet.
    `prepare`: from the record on, for all that comes before the scripts; 0: no such limit.
    `launch`: from when we first saw a record, for another manager to go on from it to its pod.
    """

    start: float = 180
    grace: float = 10
    evidence: float = 3
    images: float = 0
    is_told: bool = True
    prepare: float = 0
    launch: float = 0


class Entry(msgspec.Struct, frozen=True):
    """All we know of one job: its record, its newest pod, and what the board saw happen.

    `seen_at`: when its containers were last seen to change, or its record was first seen.
    `pod_is_gone`: it was there and is not now. `is_launching`: a launch of ours is still under way.
    `is_reserved`: GitLab keeps the job for us until it is confirmed.
    `is_remarked`: who takes the pod away has been said. `lacks`: what no waiting mends.
    """

    record: RecordState
    pod: PodState | None = None
    seen_at: float = 0
    pod_is_gone: bool = False
    is_launching: bool = False
    is_reserved: bool = False
    is_remarked: bool = False
    lacks: Finding | None = None


class Wait(msgspec.Struct, frozen=True):
    """Nothing to do now; look again in `seconds` if nothing changes."""

    seconds: float


class Make(msgspec.Struct, frozen=True):
    """The record has no pod: make it, or the next attempt, from the manifest in the record.

    `lines`: why there is another attempt, for the job's author. `pulls_failed`: how many pull
    policies of each container have failed. `overlaps`: nothing of the last attempt can run a
    script any more, so it goes when the next is there; else it goes first.
    """

    attempt: int
    lines: tuple[str, ...] = ()
    pulls_failed: dict[str, int] = {}
    overlaps: bool = False


class Tell(msgspec.Struct, frozen=True):
    """Tell the running helper, by annotation, to leave the word to us, or what has ended."""

    told: Told


class SpeakFor(msgspec.Struct, frozen=True):
    """End the job at GitLab in the pod's place, with these lines in its trace; then remove it.

    `is_unexplained`: the status says nothing, so the pod's warnings are looked at first.
    `is_refused`: a registry refused, and they may tell of a pull secret that is not there.
    """

    outcome: Outcome
    lines: tuple[str, ...] = ()
    is_unexplained: bool = False
    is_refused: bool = False


class GiveBack(msgspec.Struct, frozen=True):
    """No node has taken the pod and GitLab still keeps the job: back to the queue with it."""

    why: str


class Remark(msgspec.Struct, frozen=True):
    """Add lines to the trace beside the helper, once: it cannot know what they say."""

    lines: tuple[str, ...]


class Remove(msgspec.Struct, frozen=True):
    """GitLab has the outcome: remove pod and record."""


class Keep(msgspec.Struct, frozen=True):
    """GitLab has the outcome, and the pod stays for so many seconds, for people to look into it."""

    seconds: float


Verdict = Wait | Make | Tell | SpeakFor | GiveBack | Remove | Keep | Remark
Rule = Callable[[Entry, PodState, float, Patience], Verdict | None]
_IDLE = 60.0
_MOST_NODES = 3


def judge(entry: Entry, now: float, patience: Patience) -> Verdict:
    """Say what to do about one job at `now` (seconds since the epoch)."""
    if entry.is_launching or entry.record.is_deleting:
        return Wait(_IDLE)
    if entry.pod is None:
        return _without_pod(entry, now, patience)
    for rule in RULES:
        answer = rule(entry, entry.pod, now, patience)
        if answer is not None:
            return _in_time(_given_back(answer, entry, entry.pod), entry, now, patience)
    return _in_time(Wait(_IDLE), entry, now, patience)


def _in_time(answer: Verdict, entry: Entry, now: float, patience: Patience) -> Verdict:
    """No wait goes beyond the end of the pod's preparation."""
    left = entry.record.created_at + patience.prepare - now
    is_sooner = isinstance(answer, Wait) and patience.prepare and 0 < left < answer.seconds
    return Wait(left) if is_sooner else answer


def _given_back(answer: Verdict, entry: Entry, pod: PodState) -> Verdict:
    """What fails for the cluster's sake before a node has the pod has not begun for GitLab either.
    A pod that no node will ever take fails all the same, for its author is to read why."""
    if not (entry.is_reserved and isinstance(answer, SpeakFor)) or pod.node:
        return answer
    is_clusters = answer.outcome.failure_reason is FailureReason.RUNNER_SYSTEM_FAILURE
    may_pass = not pod.unschedulable or evidence.lacks_room(pod.unschedulable)
    return GiveBack(answer.lines[0]) if is_clusters and may_pass else answer


def _without_pod(entry: Entry, now: float, patience: Patience) -> Verdict:
    due = entry.record.created_at + patience.evidence  # the list of pods may lag behind
    if patience.launch:  # our own clock's times: it may be wrong, and so may the launcher's
        due = max(due, entry.seen_at + patience.launch)
    return Wait(due - now) if now < due else Make(0)


def _accepted(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    is_accepted = pod.word is not None and pod.word.state == "accepted"
    return settled(entry, now) if is_accepted else None


def _decided(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    if pod.word is not None and pod.word.state == "decided" and pod.word.outcome is not None:
        return SpeakFor(pod.word.outcome, evidence.beside(pod.word.outcome, pod))
    return None


def _replaced(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    """It was taken away to make room for the next attempt, by us or by another manager."""
    if pod.has_begun or not (entry.pod_is_gone or pod.is_deleting):
        return None
    finding = evidence.of_waiting(pod)
    if finding is None or not _next_policy(finding, pod):
        return None
    return _speak_or_retry(finding, pod, is_gone=True) if entry.pod_is_gone else Wait(_IDLE)


def _gone(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    return _speak(evidence.vanished(pod)) if entry.pod_is_gone else None


def _late(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    """Whatever it is that the job still waits for: the config caps it all."""
    if not patience.prepare or now < entry.record.created_at + patience.prepare:
        return None
    helper, has_run = pod.container("helper").phase, _has_run(pod)
    has_left = pod.word is not None and pod.told.defer.startswith(evidence.LATE)
    if not has_left and (has_run or pod.is_deleting or helper == "terminated"):
        return None
    finding = evidence.late(pod, patience.prepare, "" if has_run else waiting.what(pod))
    return _tell(pod, finding.lines[0]) if helper == "running" else _speak(finding)


def _has_run(pod: PodState) -> bool:
    return pod.container("build").phase in ("running", "terminated")


def _deferred(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    """The helper left the word to us: find what the kubelet says of the others."""
    if pod.word is None or pod.word.state != "deferred":
        return None
    finding = evidence.of_pod(pod) or evidence.of_build(pod)
    if finding is not None:
        return _speak_or_retry(finding, pod)
    if now < entry.seen_at + patience.evidence:
        return Wait(entry.seen_at + patience.evidence - now)
    outcome = pod.word.outcome or failed(FailureReason.RUNNER_SYSTEM_FAILURE)
    why = pod.told.defer or "The build container was lost, and Kubernetes does not say why."
    return SpeakFor(outcome, (why,))


def _taken(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    """By whom a pod is taken away that still runs: its helper is told to end, and no more."""
    is_news = bool(pod.disruption) and not entry.is_remarked and not entry.pod_is_gone
    runs = pod.container("helper").phase == "running"
    return Remark((evidence.taken(pod),)) if is_news and runs else None


def _pod_failed(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    if pod.phase != "Failed" and not pod.disruption:
        return None
    if pod.has_begun and pod.container("helper").phase != "terminated":
        return None  # it may still speak for itself
    pulls = sum(pod.pulls_failed.values())
    if evidence.is_never_started(pod) and pod.attempt < pulls + _MOST_NODES:
        return Make(pod.attempt + 1, pulls_failed=pod.pulls_failed, overlaps=True)
    finding = evidence.of_pod(pod)
    return _speak(finding) if finding is not None else None


def _helper_ended(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    if pod.container("helper").phase != "terminated":
        return None
    return _speak(evidence.of_helper(pod))


def _deleting(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    if not pod.is_deleting:
        return None
    return Wait(_IDLE) if pod.has_begun else _speak(evidence.vanished(pod))


def _cannot_start(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    finding = evidence.of_waiting(pod)
    if finding is None:
        return None
    until = entry.seen_at + patience.grace if finding.is_grace else pod.placed_at + patience.start
    if not finding.is_final and not _next_policy(finding, pod) and now < until:
        if pod.has_begun and finding.pull_of and patience.is_told and not pod.told.waits:
            return Tell(msgspec.structs.replace(pod.told, waits=finding.lines[0]))
        return Wait(until - now)
    # a helper whose own image has come runs, though the API may not show it yet: it leaves first
    leaves = _next_policy(finding, pod) and finding.pull_of != "helper"
    if not pod.has_begun and not (leaves and now < pod.placed_at + patience.start):
        return _speak_or_retry(finding, pod)
    return _tell(pod, finding.lines[0])


def _build_lost(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    """The build container has ended and the helper does not know: it never said hello."""
    build = pod.container("build")
    if build.phase != "terminated" or pod.container("helper").phase != "running":
        return None
    if not pod.told.defer and now < entry.seen_at + patience.evidence:
        return Wait(entry.seen_at + patience.evidence - now)
    finding = evidence.of_build(pod)
    return _tell(pod, finding.lines[0] if finding else "The build container has ended.")


def _service_ended(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    """The helper cannot see it, and may be waiting for that very service."""
    if pod.container("helper").phase != "running" or pod.is_deleting:
        return None
    ended = evidence.ended_services(pod)
    known = {one.name for one in pod.told.services}
    if all(one.name in known for one in ended):
        return None
    return Tell(msgspec.structs.replace(pod.told, services=ended))


def _images_run(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    """Which images run, once: it is a request, so short jobs go without."""
    images = {one.name: one.digest for one in pod.containers if one.digest}
    is_running = all(pod.container(name).phase == "running" for name in ("helper", "build"))
    if not (patience.images and images and is_running) or pod.told.images or pod.is_deleting:
        return None
    if now < entry.seen_at + patience.images:
        return Wait(entry.seen_at + patience.images - now)
    return Tell(msgspec.structs.replace(pod.told, images=images))


def _unschedulable(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    if pod.node or not pod.unschedulable:
        return None
    missing = warned.of_claim(pod)
    until = entry.seen_at + patience.grace if missing else pod.created_at + patience.start
    if now < until:
        return Wait(until - now)
    return _speak(missing or evidence.unschedulable(pod, patience.start))


def _never_started(entry: Entry, pod: PodState, now: float, patience: Patience) -> Verdict | None:
    """Nothing is said at all: neither node nor reason (an API or a kubelet that is silent)."""
    if pod.has_begun:
        return None
    if entry.lacks is not None:
        return _speak(entry.lacks)
    if now < pod.placed_at + patience.start:
        return Wait(pod.placed_at + patience.start - now)
    return _speak(evidence.silent(pod, patience.start))


def has_ended(entry: Entry) -> bool:
    """Whether nothing of the job's pod can begin any more, so that a verdict on it stays true."""
    pod = entry.pod
    is_over = pod is not None and pod.container("helper").phase == "terminated"
    return is_over or (pod is not None and pod.phase == "Failed")


def settled(entry: Entry, now: float) -> Keep | Remove:
    """What is left to be done about a job whose outcome GitLab has."""
    left = _kept_until(entry) - now
    return Keep(left) if left > 0 else Remove()


def _kept_until(entry: Entry) -> float:
    """When the pod of a failed job may go; 0 unless there is something to look into: a pod that
    has run, and that nobody has taken away. Of a job that was canceled the helper keeps none."""
    pod = entry.pod
    if pod is None or not pod.keeps or entry.pod_is_gone or pod.is_deleting:
        return 0
    helper, word = pod.container("helper"), pod.word
    is_over = word is not None and word.state in ("accepted", "decided")
    if helper.phase != "terminated" or (is_over and word is not None and not word.is_kept):
        return 0
    if not _has_run(pod) or pod.disruption or pod.reason == "DeadlineExceeded":
        return 0
    return pod.ended_at + pod.keeps


RULES: tuple[Rule, ...] = (
    _accepted,
    _decided,
    _late,
    _deferred,
    _replaced,
    _gone,
    _taken,
    _pod_failed,
    _helper_ended,
    _deleting,
    _service_ended,
    _cannot_start,
    _build_lost,
    _images_run,
    _unschedulable,
    _never_started,
)


def _speak(finding: Finding) -> SpeakFor:
    outcome = failed(finding.reason, finding.exit_code)
    return SpeakFor(outcome, finding.lines, finding.is_unexplained, finding.is_refused)


def _tell(pod: PodState, line: str) -> Verdict:
    """Tell the helper to defer, once."""
    return Wait(_IDLE) if pod.told.defer else Tell(msgspec.structs.replace(pod.told, defer=line))


def _speak_or_retry(finding: Finding, pod: PodState, *, is_gone: bool = False) -> Verdict:
    """A pull that failed is tried again under the next pull policy of the container's list, and
    with it those that have failed beside it."""
    if not _next_policy(finding, pod):
        return _speak(finding)
    lines: list[str] = []
    failed_now = dict(pod.pulls_failed)
    for one in evidence.waiting_for(pod):
        policy, name = _next_policy(one, pod), one.pull_of
        if policy:
            failed_now[name] = failed_now.get(name, 0) + 1
            again = (
                f'Attempt #{pod.attempt + 2}: Trying "{policy}" pull policy for container {name}'
            )
            lines += [one.lines[0], again]
    has_ended = is_gone or pod.container("helper").phase == "terminated"
    return Make(pod.attempt + 1, tuple(lines), failed_now, overlaps=has_ended)


def _next_policy(finding: Finding, pod: PodState) -> str:
    name = finding.pull_of
    later = pod.policies.get(name, [])[max(0, pod.pulls_failed.get(name, 0)) + 1 :]
    return later[0] if later else ""
