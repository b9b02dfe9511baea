"""JobPlan: everything the helper needs to run one job, as JSON in the job's Secret.

The manager makes it (`core.plan.make`), the helper carries it out; each stage's part here has a
maker of the same name in `core.plan` and a runner of the same name in `helper`. All values are
resolved: nothing here needs the config or the payload again. Durations are seconds, sizes bytes.
A value that is the default is not written.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from podlane.core.job.secret import Provider
from podlane.core.plan.store import StoreObject
from podlane.core.text.token import Token

VERSION = 1


class JobIdentity(msgspec.Struct, frozen=True, omit_defaults=True):
    id: int
    name: str
    project_id: int
    project_path: str


class GitLabAccess(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the job reports. `ca_certificates` is PEM text added to the system's store;
    `client_certificate` and `client_key`, PEM too, are for a GitLab that asks for them.

    `info` is the object of the runner API's PUT bodies. `failure_reasons` is the list GitLab sent.
    """

    url: str
    token: Token
    info: dict[str, Any]
    ca_certificates: str = ""
    client_certificate: str = ""
    client_key: Token | None = None
    failure_reasons: tuple[str, ...] = ()


class CaBundle(msgspec.Struct, frozen=True, omit_defaults=True):
    """The file into which the helper writes whom the job trusts; `is_shared`: in a volume that
    build and services see."""

    path: str
    is_shared: bool = False


class Places(msgspec.Struct, frozen=True, omit_defaults=True):
    """Absolute paths in helper and build container alike.

    `pod` is podlane's own root in the pod (default `/podlane`): `lane`, `spool`, `plan`, `tell`
    and `termination` lie below it under these names (`core.pod.volumes` mounts them).
    `temporary` is `<project>.tmp`: file variables, the env file.
    """

    builds: str
    project: str
    temporary: str
    cache: str
    pod: str


class EnvVariable(msgspec.Struct, frozen=True, omit_defaults=True):
    """One variable of the job, expanded. `is_file`: the value is written to `<temporary>/KEY`."""

    key: str
    value: str
    is_file: bool = False


SILENCE = 30.0  # one object: a default is left out of the JSON if it is this very one


class TraceSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the job's log is made. `masks` are whole values, `mask_prefixes` begin a token.

    `silence`: for how long GitLab may hear nothing of a silent job, if it asks to be told rarely.
    `to_stdout`: the helper prints the log as well.
    """

    limit_bytes: int
    masks: tuple[Token, ...]
    mask_prefixes: tuple[str, ...]
    with_timestamps: bool
    with_sections: bool
    is_debug: bool = False
    silence: float = SILENCE
    to_stdout: bool = False


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """Seconds. `hello`: how long the build container may take to say hello once the helper runs.

    `prepare`: the same, where the config caps all that comes before the scripts.
    `script` None means no limit of its own. `stop_grace`: between TERM and KILL of a step.
    `pod_grace`: the pod's termination grace period. `keep`: how long a failed job's pod stays.
    """

    job: float
    hello: float
    after_script: float = 300
    script: float | None = None
    prepare: float | None = None
    stop_grace: float = 10
    pod_grace: float = 30
    keep: float | None = None


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of podlane's own at the start of the log; a `header` before its first section."""

    text: str
    kind: Literal["header", "plain", "info", "warning"] = "plain"


class Owner(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who runs the scripts, where the config says so; else the build container's hello tells."""

    uid: int | None = None
    gid: int | None = None


class SecretRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """One secret to fetch: `key` is the variable that takes its value."""

    key: str
    provider: Provider


class Secrets(msgspec.Struct, frozen=True, omit_defaults=True):
    """`are_needed`: one that has no value fails the job. `attempts`: for each."""

    requests: tuple[SecretRequest, ...] = ()
    are_needed: bool = True
    attempts: int = 1


class ServiceCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service that must have been started, and must answer on `ports` within `seconds`, before
    the scripts run."""

    name: str
    image: str
    ports: tuple[int, ...] = ()
    seconds: float = 0


class Sources(msgspec.Struct, frozen=True, omit_defaults=True):
    """The git work. `url` has no credentials; the job token is handed to git by environment.

    `depth` 0 is the full history. `clean_flags`, `fetch_flags`: words as given to git, empty when
    switched off. `servers`: further URLs of this GitLab that may have the token. `rewrites`: what
    a URL begins with, and what git reads instead. `timeout`: seconds for all attempts.
    `is_named_whole`: `ref` is no branch or tag but begins with `refs/`. `backs_off`: attempts lie
    further and further apart.
    """

    strategy: Literal["clone", "fetch", "none", "empty"]
    url: str
    sha: str
    ref: str
    refspecs: tuple[str, ...] = ()
    depth: int = 0
    object_format: str = "sha1"
    is_named_whole: bool = False
    with_checkout: bool = True
    clean_flags: tuple[str, ...] = ("-ffdx",)
    fetch_flags: tuple[str, ...] = ("--prune", "--quiet")
    clone_flags: tuple[str, ...] = ()
    with_native_clone: bool = False
    servers: tuple[str, ...] = ()
    rewrites: tuple[tuple[str, str], ...] = ()
    submodules: Literal["none", "normal", "recursive"] = "none"
    submodule_depth: int = 0
    submodule_paths: tuple[str, ...] = ()
    submodule_update_flags: tuple[str, ...] = ()
    with_lfs: bool = True
    attempts: int = 1
    backs_off: bool = True
    timeout: float | None = None
    cleans_config: bool = True
    trusts_folders: bool = True
    with_correlation: bool = True
    with_bundles: bool = True
    with_proactive_auth: bool = False
    cleans_up: bool = False
    pre_script: tuple[str, ...] = ()
    post_script: tuple[str, ...] = ()


CACHE_SECONDS = 600.0  # one object: a default is left out of the JSON if it is this very one


class CacheKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """One key to look under. `path` names the local archive, `<places.cache>/<path>/cache.zip`.

    `objects`: where a shared cache may hold it; of several the newest counts.
    """

    name: str
    path: str
    objects: tuple[StoreObject, ...] = ()


class CacheRestore(msgspec.Struct, frozen=True, omit_defaults=True):
    """`keys`: tried in order until one is found; all of that up to `attempts` times.

    `timeout_seconds`: for one transfer. `clean_paths`: removed when an archive cannot be unpacked
    whole (FF_CLEAN_UP_FAILED_CACHE_EXTRACT).
    """

    keys: tuple[CacheKey, ...]
    timeout_seconds: float = CACHE_SECONDS
    attempts: int = 1
    clean_paths: tuple[str, ...] = ()


class CacheSave(msgspec.Struct, frozen=True, omit_defaults=True):
    """`key` has at most one object: the one that is written.

    `timeout_seconds`: for the whole upload. `level`: fastest, fast, default, slow or slowest.
    `size_limit`: a larger archive stays in the pod; 0 is no limit.
    """

    key: CacheKey
    paths: tuple[str, ...]
    when: Literal["on_success", "on_failure", "always"] = "on_success"
    untracked: bool = False
    timeout_seconds: float = CACHE_SECONDS
    format: Literal["zip", "tarzstd", "zipzstd"] = "zip"
    level: str = "default"
    size_limit: int = 0


class Download(msgspec.Struct, frozen=True, omit_defaults=True):
    """The artifacts of another job, fetched with the token given for it."""

    job_id: int
    job_name: str
    token: Token
    filename: str = ""


class Script(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step in the build container: a fresh shell, its commands in order, errexit, pipefail.

    `section` is the log section (`step_script`, `step_release`, `after_script`). `folds`: by
    command, the section that folds its text in the log, "" for none; empty when none is folded.
    """

    section: str
    commands: tuple[str, ...]
    folds: tuple[str, ...] = ()


class Upload(msgspec.Struct, frozen=True, omit_defaults=True):
    """One archive or report. `name` is unexpanded; `format` and `type` are GitLab's words."""

    name: str
    paths: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    when: Literal["on_success", "on_failure", "always"] = "on_success"
    untracked: bool = False
    expire_in: str = ""
    type: str = "archive"
    format: str = "zip"


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """The figures at the end of the log. `queued`: seconds in GitLab's queue. `received`: when the
    manager had the job, in seconds since the epoch. `with_cgroup`: the pod's containers have
    cgroups of their own, so their memory and CPU can be told.
    """

    is_on: bool = True
    queued: float = 0
    received: float = 0
    with_cgroup: bool = True


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a statement about an archive says of how it was made; `parameters`: variables' names."""

    builder: str
    repository: str
    sha: str
    entry_point: str
    runner: str
    architecture: str
    version: str
    parameters: tuple[str, ...] = ()


class ArtifactSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """How artifacts go up and come down, all of the job's alike.

    `level`: fastest, fast, default, slow or slowest. `meter`: seconds between lines that tell how
    far a transfer is, a cache's too; 0: none. `header_timeout`: how long GitLab may take to answer
    an upload that it has. `attempts`: of a download, with the unpacking. `is_direct`: GitLab may
    send us to its object store; `in_parts`: from there several parts come at a time.
    """

    level: Literal["fastest", "fast", "default", "slow", "slowest"] = "default"
    meter: float = 5.0
    upload_timeout: float = 3600.0
    header_timeout: float = 600.0
    attempts: int = 1
    is_direct: bool = True
    in_parts: bool = False
    provenance: Provenance | None = None


class PlanVersion(msgspec.Struct, frozen=True):
    """All that is read of a plan before it is known to be one we can read."""

    version: int


class JobPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one job's helper does, in this order: sources, restore, downloads, scripts,
    after_script, save, uploads.

    `manager` is the name of the machine or pod that made the plan. `with_exit_checks`: scripts
    look at the status of each command, beside errexit. `after_script_counts`: its failure is one.
    """

    version: int
    job: JobIdentity
    gitlab: GitLabAccess
    places: Places
    variables: tuple[EnvVariable, ...]
    trace: TraceSettings
    limits: Limits
    notes: tuple[Note, ...]
    sources: Sources
    scripts: tuple[Script, ...]
    after_script: Script | None = None
    restore: tuple[CacheRestore, ...] = ()
    downloads: tuple[Download, ...] = ()
    save: tuple[CacheSave, ...] = ()
    uploads: tuple[Upload, ...] = ()
    artifacts: ArtifactSettings | None = None
    services: tuple[ServiceCheck, ...] = ()
    service_logs: bool = False
    with_pod_events: bool = False
    secrets: Secrets = Secrets()
    owner: Owner = Owner()
    usage: Usage = Usage()
    shell: Literal["bash", "sh", "pwsh"] = "bash"
    image: str = ""
    entrypoint: tuple[str, ...] | None = None
    manager: str = ""
    with_exit_checks: bool = False
    after_script_counts: bool = False
    ca_bundle: CaBundle | None = None
