"""The ground a plan stands on: the job's variables, resolved, and where its files lie.

`builds_dir`, `cache_dir` and `pod_dir` may hold job variables, so variables come first, then the
places, then the variables that name the places.
"""

from __future__ import annotations

import posixpath
from typing import Literal, cast

import msgspec

from podlane.core.config.model import RunnerConfig
from podlane.core.config.volume_faults import absolute
from podlane.core.job import variables
from podlane.core.job.payload import Job, Variable
from podlane.core.job.variables import Reader, Variables, own_variable
from podlane.core.plan import certificates, secrets
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.flags import Flags, resolve_flags
from podlane.core.plan.model import Places
from podlane.core.plan.settings import GIT_STRATEGY, read
from podlane.core.text.token import short_token
from podlane.errors import JobRefused

DEFAULT_TIMEOUT = 7200
_APART = ("CI_CONCURRENT_ID", "CI_CONCURRENT_PROJECT_ID", "CI_JOB_ID")


class Ground(msgspec.Struct, frozen=True):
    """`reader` answers what a name stands for. `cache_dir`: the mount that `places.cache` is in."""

    variables: Variables
    reader: Reader
    flags: Flags
    places: Places
    cache_dir: str


def resolve(job: Job, context: RunnerContext) -> Ground:
    """Resolve variables and places. JobRefused when a place cannot be."""
    flags = resolve_flags(_asked(job, context), context.runner.feature_flags)
    early = variables.resolve(_early(job, context, flags), "").reader()
    builds = _place("builds_dir", context.runner.builds_dir or "/builds", early)
    cache_dir = _place("cache_dir", context.runner.cache_dir or "/cache", early)
    project = _project(job, context, builds, early)
    places = Places(
        builds=builds,
        project=project,
        temporary=f"{project}.tmp",
        cache=posixpath.join(cache_dir, _project_path(job)),
        pod=_place("pod_dir", context.runner.podlane.pod_dir, early),
    )
    final = variables.resolve(_final(job, context, flags, places), places.temporary)
    return Ground(final, final.reader(), flags, places, cache_dir)


def strategy(job: Job, reader: Reader) -> Literal["clone", "fetch", "none", "empty"]:
    default = "fetch" if job.allow_git_fetch else "clone"
    asked = read(GIT_STRATEGY, reader) or default
    return cast(Literal["clone", "fetch", "none", "empty"], asked)


def with_inputs(job: Job, context: RunnerContext) -> Job:
    """The job with its inputs put in, unless that is switched off. Comes before all else."""
    if not job.inputs:
        return job
    from podlane.core.job.inputs import put_inputs  # a language that few jobs need

    flags = resolve_flags(_asked(job, context), context.runner.feature_flags)
    return put_inputs(job) if flags["FF_ENABLE_JOB_INPUTS_INTERPOLATION"] else job


def timeout(job: Job) -> int:
    """Seconds; GitLab's 0 means the runner's own two hours."""
    return job.runner_info.timeout if job.runner_info.timeout > 0 else DEFAULT_TIMEOUT


def environment(runner: RunnerConfig) -> list[Variable]:
    """`environment` of the config: `KEY=value`, whose value may refer to other variables."""
    pairs = (line.partition("=") for line in runner.environment)
    return [Variable(key=key.strip(), value=value, public=True) for key, _, value in pairs]


def _asked(job: Job, context: RunnerContext) -> list[Variable]:
    return [*environment(context.runner), *job.variables]


def _early(job: Job, context: RunnerContext, flags: Flags) -> list[Variable]:
    return [
        *flags.variables(),
        *environment(context.runner),
        *_slots(context),
        *_payload(job),
    ]


def _slots(context: RunnerContext) -> list[Variable]:
    return [
        own_variable("CI_CONCURRENT_ID", str(context.slot)),
        own_variable("CI_CONCURRENT_PROJECT_ID", str(context.project_slot)),
    ]


def _payload(job: Job) -> list[Variable]:
    return [item for item in job.variables if not item.key.startswith("FF_")]


def _final(job: Job, context: RunnerContext, flags: Flags, places: Places) -> list[Variable]:
    """Every variable from the lowest rank to the highest; the order is the order of export."""
    runner = context.runner
    image = [Variable(key="CI_JOB_IMAGE", value=job.image.name, public=True)]
    return [
        *certificates.variables(context, places.pod),
        *flags.variables(),
        *(image if job.image.name else ()),
        own_variable("CI_RUNNER_SHORT_TOKEN", short_token(runner.token)),
        *environment(runner),
        own_variable("CI_BUILDS_DIR", places.builds),
        own_variable("CI_PROJECT_DIR", places.project),
        *_slots(context),
        own_variable("CI_SERVER", "yes"),
        own_variable("CI_JOB_STATUS", "running"),
        own_variable("CI_JOB_TIMEOUT", str(timeout(job))),
        *_certificates(context),
        *_payload(job),
        own_variable("CI_DISPOSABLE_ENVIRONMENT", "true"),
        own_variable("CI_RUNNER_VERSION", context.version),
        own_variable("CI_RUNNER_REVISION", context.revision),
        own_variable("CI_RUNNER_EXECUTABLE_ARCH", context.architecture),
        *secrets.variables(job),
        own_variable("RUNNER_TEMP_PROJECT_DIR", places.temporary),
    ]


def _certificates(context: RunnerContext) -> list[Variable]:
    """As files: what a job trusts its GitLab by, and what lets it in."""
    found = (
        Variable("CI_SERVER_TLS_CA_FILE", context.ca_certificates, public=True),
        Variable("CI_SERVER_TLS_CERT_FILE", context.client_certificate, public=True),
        Variable("CI_SERVER_TLS_KEY_FILE", context.client_key.reveal(), masked=True),
    )
    return [msgspec.structs.replace(one, raw=True, file=True) for one in found if one.value]


def _place(key: str, text: str, reader: Reader) -> str:
    path = reader.expand(text)
    if not path.startswith("/") or path.strip("/") == "":
        raise _no_place(f"`{key}` is no absolute path once its variables are expanded")
    return _clean(path)


def _clean(path: str) -> str:
    """Take `..` and empty parts out, as seen from the root."""
    return "/" + posixpath.normpath("/" + path).strip("/")


def _project_path(job: Job) -> str:
    """`group/project`, safe as a relative path; the payload's word, else a name by number."""
    path = job.job_info.project_full_path
    if not path:
        path = next((v.value for v in reversed(job.variables) if v.key == "CI_PROJECT_PATH"), "")
    return _clean(path).strip("/") or f"project-{job.job_info.project_id}"


def _project(job: Job, context: RunnerContext, builds: str, early: Reader) -> str:
    asked = {item.key: item.value for item in _asked(job, context)}
    known = early.with_own({"CI_BUILDS_DIR": builds})
    wanted = known.expand(asked.get("GIT_CLONE_PATH", ""))
    if not wanted:
        folder = posixpath.join(builds, _shared_part(context, builds, early))
        path = posixpath.join(folder, _project_path(job))
        return f"{path}-empty" if read(GIT_STRATEGY, early) == "empty" else path
    if not context.runner.custom_build_dir.enabled:
        raise _no_place(
            "GIT_CLONE_PATH is not allowed by this runner",
            hint="`enabled = true` in [runners.custom_build_dir] allows it",
        )
    path = _clean(wanted)
    if not wanted.startswith("/") or not path.startswith(f"{builds}/"):
        raise _no_place(
            "GIT_CLONE_PATH does not lie inside CI_BUILDS_DIR",
            hint=f"write it as $CI_BUILDS_DIR/…; the builds directory is {builds}",
        )
    return path


def _shared_part(context: RunnerContext, builds: str, early: Reader) -> str:
    """Jobs that share a builds volume are kept apart by runner and slot."""
    if not outlives_jobs(context, builds, early):
        return ""
    return f"{short_token(context.runner.token)}/{context.project_slot}"


def shares_clone_path(job: Job, context: RunnerContext, ground: Ground) -> bool:
    """Whether GIT_CLONE_PATH may be another live job's as well."""
    asked = {item.key: item.value for item in _asked(job, context)}
    path = asked.get("GIT_CLONE_PATH", "")
    return (
        bool(path)
        and not any(name in path for name in _APART)
        and outlives_jobs(context, ground.places.builds, ground.reader)
    )


def outlives_jobs(context: RunnerContext, builds: str, reader: Reader) -> bool:
    """Whether the builds directory is a volume that several jobs see."""
    volumes = context.runner.kubernetes.volumes
    kinds = (volumes.host_path, volumes.pvc, volumes.csi, volumes.nfs)
    paths = [one.mount_path for kind in kinds for one in kind]
    return any(absolute(reader.expand(path)) == builds for path in paths)


def _no_place(message: str, hint: str = "") -> JobRefused:
    return JobRefused(message, hint=hint, reference="place")
