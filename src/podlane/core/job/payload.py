"""The job as GitLab sends it (201 of POST /jobs/request), as frozen data.

Field names are GitLab's. Unknown fields are ignored and null means absent, as the protocol says.
What a field means for the job is decided in `core.plan`, not here.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from podlane.core.job.secret import Secret
from podlane.core.text import token
from podlane.core.text.token import Token
from podlane.errors import JobRefused


class Variable(msgspec.Struct, frozen=True):
    """One CI/CD variable. The list of a job is ordered: of equal keys the last one wins."""

    key: str
    value: str = ""
    public: bool = False
    masked: bool = False
    file: bool = False
    raw: bool = False


class Port(msgspec.Struct, frozen=True):
    number: int
    protocol: str = ""
    name: str = ""


class ExecutorOptions(msgspec.Struct, frozen=True):
    """Kept as sent, for what is not known is refused by its name (`core.plan.refuse`)."""

    kubernetes: dict[str, Any] = {}
    docker: dict[str, Any] = {}


class Image(msgspec.Struct, frozen=True):
    """An image or a service. `alias` may hold several names, by blanks or commas."""

    name: str = ""
    alias: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    pull_policy: tuple[str, ...] = ()
    executor_opts: ExecutorOptions = ExecutorOptions()
    variables: tuple[Variable, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """`script` (before_script and script), `release` or `after_script`; one entry a command."""

    name: str
    script: tuple[str, ...] = ()
    timeout: int = 0
    when: str = ""
    allow_failure: bool = False


class Hook(msgspec.Struct, frozen=True):
    """`pre_get_sources_script` or `post_get_sources_script`."""

    name: str
    script: tuple[str, ...] = ()


class Artifact(msgspec.Struct, frozen=True):
    name: str = ""
    untracked: bool = False
    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    when: str = ""
    expire_in: str = ""
    artifact_type: str = ""
    artifact_format: str = ""


class Cache(msgspec.Struct, frozen=True):
    key: str = ""
    untracked: bool = False
    policy: str = ""
    paths: tuple[str, ...] = ()
    when: str = ""
    fallback_keys: tuple[str, ...] = ()


class Credential(msgspec.Struct, frozen=True):
    """Only type `registry` concerns a runner; `url` is `host[:port]`."""

    type: str = ""
    url: str = ""
    username: str = ""
    password: Token = Token("")


class ArtifactsFile(msgspec.Struct, frozen=True):
    filename: str = ""
    size: int = 0


class Dependency(msgspec.Struct, frozen=True):
    """A job whose artifacts are wanted; without `artifacts_file` there is nothing to fetch."""

    id: int
    name: str = ""
    token: Token = Token("")
    artifacts_file: ArtifactsFile = ArtifactsFile()


class GitInfo(msgspec.Struct, frozen=True):
    """`repo_url` holds the job token; `depth` 0 is the full history."""

    repo_url: Token = Token("")
    repo_object_format: str = "sha1"
    ref: str = ""
    sha: str = ""
    before_sha: str = ""
    ref_type: str = ""
    refspecs: tuple[str, ...] = ()
    depth: int = 0
    protected: bool | None = None


class JobInfo(msgspec.Struct, frozen=True):
    name: str = ""
    stage: str = ""
    pipeline_id: int = 0
    project_id: Annotated[int, msgspec.Meta(ge=0)] = 0  # as the id
    project_name: str = ""
    project_full_path: str = ""
    namespace_id: int = 0
    root_namespace_id: int = 0
    organization_id: int = 0
    user_id: int = 0
    time_in_queue_seconds: float = 0
    project_jobs_running_on_instance_runners_count: str = ""
    queue_size: int = 0
    queue_depth: int = 0


class RunnerInfo(msgspec.Struct, frozen=True):
    """`timeout` in seconds; 0 or absent means two hours."""

    timeout: int = 0
    uuid: str = ""


class InputValue(msgspec.Struct, frozen=True):
    """`type`: string, number, boolean, array or struct, and `content` is of that JSON type."""

    type: str = ""
    content: Any = None
    sensitive: bool = False


class JobInput(msgspec.Struct, frozen=True):
    key: str = ""
    value: InputValue = InputValue()


class Features(msgspec.Struct, frozen=True):
    """What this GitLab understands. An empty `failure_reasons` is an old server's."""

    trace_sections: bool = False
    failure_reasons: tuple[str, ...] = ()
    token_mask_prefixes: tuple[str, ...] = ()


class SuspendOptions(msgspec.Struct, frozen=True):
    """Of a job whose environment is to be kept, or that is to run in one that was."""

    runtime_environment_key: str = ""


class Job(msgspec.Struct, frozen=True):
    """One job. `run` is kept as sent: it is refused until it is built."""

    id: Annotated[int, msgspec.Meta(ge=1)]  # it stands in names and labels
    token: Token
    allow_git_fetch: bool = False
    job_info: JobInfo = JobInfo()
    git_info: GitInfo = GitInfo()
    runner_info: RunnerInfo = RunnerInfo()
    variables: tuple[Variable, ...] = ()
    steps: tuple[Step, ...] = ()
    image: Image = Image()
    services: tuple[Image, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    cache: tuple[Cache, ...] = ()
    credentials: tuple[Credential, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    features: Features = Features()
    hooks: tuple[Hook, ...] = ()
    secrets: dict[str, Secret] = {}
    run: str = ""
    inputs: tuple[JobInput, ...] = ()
    suspend_options: SuspendOptions = SuspendOptions()


def _without_nulls(value: Any) -> Any:
    """Drop null fields, and the sign NUL, which no shell, path or environment can hold."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    if isinstance(value, str):
        return value.replace("\0", "")
    return value


def parse_job(body: bytes) -> Job:
    """Read a job payload; JobRefused when it is no JSON or no job (the text quotes no value)."""
    try:
        return token.convert(_without_nulls(msgspec.json.decode(body)), Job)
    except msgspec.MsgspecError as error:
        raise JobRefused(
            f"GitLab sent a job that cannot be read: {error}",
            hint="this is a fault of the GitLab server or of something between it and podlane",
            reference="payload-unreadable",
            failure_reason="runner_system_failure",
        ) from error
