"""What we read of a Secret and a Pod, and nothing more.

`RawPod` and `RawRecord` are decoded straight from the API's bytes, so a watch event of 10 kB
leaves a few hundred bytes. `parse_pod` and `parse_record` turn them into the values that the
board keeps and `verdict.judge` reads. A field the API leaves out is empty, not an error.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from podlane.core.job.tell import Told, parse_told
from podlane.core.job.word import LastWord, parse_word
from podlane.core.pod import names, pulls
from podlane.core.pod.pull_credentials import CREDENTIALS
from podlane.core.pod.slots import Claim, parse_claim
from podlane.core.text.seat_names import SEAT


class RawOwner(msgspec.Struct, frozen=True):
    name: str = ""
    uid: str = ""


class RawMetadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    owner_references: tuple[RawOwner, ...] = ()


class RawRecord(msgspec.Struct, frozen=True):
    """The metadata of a job's Secret."""

    metadata: RawMetadata = RawMetadata()


class RawEnd(msgspec.Struct, frozen=True, rename="camel"):
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    signal: int = 0
    finished_at: str | None = None


class RawWaiting(msgspec.Struct, frozen=True):
    reason: str = ""
    message: str = ""


class RawContainerState(msgspec.Struct, frozen=True):
    waiting: RawWaiting | None = None
    running: dict[str, object] | None = None
    terminated: RawEnd | None = None


class RawContainer(msgspec.Struct, frozen=True):
    name: str = ""
    image: str = ""
    image_id: str = msgspec.field(name="imageID", default="")
    state: RawContainerState = RawContainerState()


class RawCondition(msgspec.Struct, frozen=True, rename="camel"):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None


class RawStatus(msgspec.Struct, frozen=True, rename="camel"):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: tuple[RawCondition, ...] = ()
    container_statuses: tuple[RawContainer, ...] = ()


class RawSpecContainer(msgspec.Struct, frozen=True):
    name: str = ""
    image: str = ""
    args: tuple[str, ...] = ()
    resources: dict[str, object] = {}
    lifecycle: dict[str, object] = {}


class RawReference(msgspec.Struct, frozen=True):
    name: str = ""


class RawSpec(msgspec.Struct, frozen=True, rename="camel"):
    node_name: str = ""
    image_pull_secrets: tuple[RawReference, ...] = ()
    containers: tuple[RawSpecContainer, ...] = ()


class RawPod(msgspec.Struct, frozen=True):
    metadata: RawMetadata = RawMetadata()
    spec: RawSpec = RawSpec()
    status: RawStatus = RawStatus()


class ContainerState(msgspec.Struct, frozen=True):
    """One container. `image` is the one asked for; `memory_limit` as in the manifest or "".

    `has_args`: it has arguments, so some entrypoint comes before them. `has_hook`: something runs
    at its start beside it, and ends it by failing. `digest`: of the image that ran, once it is
    there.
    """

    name: str
    image: str
    phase: Literal["unknown", "waiting", "running", "terminated"] = "unknown"
    reason: str = ""
    message: str = ""
    exit_code: int = 0
    memory_limit: str = ""
    has_args: bool = False
    has_hook: bool = False
    digest: str = ""


class RecordState(msgspec.Struct, frozen=True):
    """A job's Secret. Times are seconds since the epoch.

    `version`: of two, the one made later has the larger; the cluster counts all changes.
    `has_own_namespace`: the namespace was made for this job alone. `seat`: that of the manager
    that launched it, where there are several.
    """

    name: str
    namespace: str
    uid: str
    runner: str
    job_id: int
    project_id: str
    created_at: float
    is_deleting: bool = False
    version: int = 0
    claim: Claim | None = None
    has_own_namespace: bool = False
    seat: str = ""


class PodState(msgspec.Struct, frozen=True):
    """One attempt of a job. `record` names its Secret; `disruption` is DisruptionTarget's text.

    `placed_at`: when a node was found; before that, when the pod was made. `policies`: the pull
    policies of each container, where any has a choice, of which so many have failed. `told`: what
    its helper has been told. `owner`: the uid of its record. `pull_secrets`: what images are pulled
    with, and `credentials` where that comes from (`pull_credentials.py`). `job_url`: the job's
    page in GitLab. `ended_at`: when the helper ended, 0 before. `keeps`: seconds for which it stays
    if its job fails; `is_spoken`: GitLab has had its outcome from a manager since.
    """

    name: str
    namespace: str
    uid: str
    record: str
    attempt: int
    created_at: float
    placed_at: float
    is_deleting: bool = False
    told: Told = Told()
    wants_service_logs: bool = False
    wants_events: bool = False
    keeps: float = 0
    policies: dict[str, list[str]] = {}
    pulls_failed: dict[str, int] = {}
    pull_secrets: tuple[str, ...] = ()
    credentials: str = ""
    phase: str = ""
    reason: str = ""
    message: str = ""
    node: str = ""
    unschedulable: str = ""
    disruption: str = ""
    containers: tuple[ContainerState, ...] = ()
    word: LastWord | None = None
    owner: str = ""
    claim: Claim | None = None
    job_url: str = ""
    ended_at: float = 0
    is_spoken: bool = False

    def container(self, name: str) -> ContainerState:
        for state in self.containers:
            if state.name == name:
                return state
        return ContainerState(name, "")

    @property
    def has_begun(self) -> bool:
        """Tell whether the helper is known to have started."""
        return self.container("helper").phase in ("running", "terminated")

    @property
    def has_left(self) -> bool:
        """Tell whether its helper was seen to leave the word to us; then it begins no script."""
        return self.word is not None and self.word.state == "deferred"

    @property
    def can_begin(self) -> bool:
        """Tell whether its helper runs, or may yet."""
        return self.phase != "Failed" and self.container("helper").phase != "terminated"

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing of it runs or will run."""
        return bool(self.containers) and all(one.phase == "terminated" for one in self.containers)


def parse_time(text: str | None) -> float:
    """Seconds since the epoch of a Kubernetes time such as `2026-11-24T00:11:00Z`; 0 if none."""
    return datetime.fromisoformat(text).timestamp() if text else 0.0


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def parse_record(raw: RawRecord) -> RecordState:
    meta = raw.metadata
    return RecordState(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        runner=meta.labels.get(names.RUNNER, ""),
        job_id=_number(meta.labels.get(names.JOB_ID, "")),
        project_id=meta.labels.get(names.PROJECT_ID, ""),
        created_at=parse_time(meta.creation_timestamp),
        is_deleting=meta.deletion_timestamp is not None,
        version=_number(meta.resource_version),
        claim=parse_claim(meta.labels),
        has_own_namespace=names.OWN_NAMESPACE in meta.annotations,
        seat=meta.labels.get(SEAT, ""),
    )


def parse_pod(raw: RawPod) -> PodState:
    meta, status = raw.metadata, raw.status
    conditions = {condition.type: condition for condition in status.conditions}
    scheduled = conditions.get("PodScheduled", RawCondition())
    disrupted = conditions.get("DisruptionTarget", RawCondition())
    containers = _containers(raw)
    helper = next((item for item in containers if item.name == "helper"), None)
    ended = helper is not None and helper.phase == "terminated"
    return PodState(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        record=meta.owner_references[0].name if meta.owner_references else "",
        attempt=_number(meta.labels.get(names.ATTEMPT, "")),
        created_at=parse_time(meta.creation_timestamp),
        placed_at=parse_time(
            scheduled.last_transition_time if _is_true(scheduled) else meta.creation_timestamp
        ),
        is_deleting=meta.deletion_timestamp is not None,
        told=parse_told(meta.annotations.get(names.TELL, "")),
        keeps=float(_number(meta.annotations.get(names.KEEP, ""))),
        wants_events=names.EVENTS in meta.annotations,
        wants_service_logs=names.SERVICE_LOG in meta.annotations,
        policies=pulls.read(meta.annotations),
        pulls_failed=pulls.read_failed(meta.annotations),
        pull_secrets=tuple(one.name for one in raw.spec.image_pull_secrets),
        credentials=meta.annotations.get(CREDENTIALS, ""),
        phase=status.phase,
        reason=status.reason,
        message=status.message,
        node=raw.spec.node_name,
        unschedulable=scheduled.message if scheduled.reason == "Unschedulable" else "",
        disruption=f"{disrupted.reason}: {disrupted.message}" if _is_true(disrupted) else "",
        containers=containers,
        word=parse_word(helper.message) if helper is not None and ended else None,
        owner=meta.owner_references[0].uid if meta.owner_references else "",
        claim=parse_claim(meta.labels),
        job_url=meta.annotations.get(names.JOB_URL, ""),
        ended_at=_ended_at(raw),
        is_spoken=names.SPOKEN in meta.annotations,
    )


def _ended_at(raw: RawPod) -> float:
    found = [one.state.terminated for one in raw.status.container_statuses if one.name == "helper"]
    return parse_time(found[0].finished_at) if found and found[0] is not None else 0


def _is_true(condition: RawCondition) -> bool:
    return condition.status == "True"


def _containers(raw: RawPod) -> tuple[ContainerState, ...]:
    statuses = {status.name: status for status in raw.status.container_statuses}
    return tuple(_container(spec, statuses.get(spec.name)) for spec in raw.spec.containers)


def _container(spec: RawSpecContainer, status: RawContainer | None) -> ContainerState:
    limits = spec.resources.get("limits")
    memory = limits.get("memory", "") if isinstance(limits, dict) else ""
    state = status.state if status else RawContainerState()
    known = ContainerState(
        spec.name,
        spec.image,
        memory_limit=str(memory),
        has_args=bool(spec.args),
        has_hook="postStart" in spec.lifecycle,
        digest=status.image_id.rpartition("@")[2] if status else "",
    )
    if state.terminated is not None:
        end = state.terminated
        return msgspec.structs.replace(
            known,
            phase="terminated",
            reason=end.reason,
            message=end.message,
            exit_code=end.exit_code,
        )
    if state.running is not None:
        return msgspec.structs.replace(known, phase="running")
    if state.waiting is not None:
        reason, message = state.waiting.reason, state.waiting.message
        return msgspec.structs.replace(known, phase="waiting", reason=reason, message=message)
    return known
