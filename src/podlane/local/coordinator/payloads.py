"""Fill a job's payload up to what GitLab sends, so that a test says only what it is about."""

from __future__ import annotations

import time
from typing import Any

from podlane.local.coordinator.jobs import CoordinatorJob
from podlane.local.coordinator.runners import RegisteredRunner

KNOWN_REASONS = (
    "unknown_failure",
    "script_failure",
    "api_failure",
    "stuck_or_timeout_failure",
    "runner_system_failure",
    "missing_dependency_failure",
    "runner_unsupported",
    "job_execution_timeout",
    "unmet_prerequisites",
    "image_pull_failure",
    "runner_configuration_error",
    "runner_external_dependency_failure",
    "runner_interrupted",
)
_DEFAULT_TIMEOUT = 3600
_NO_SHA = "0" * 40
DEMO_PROJECT = "acme/demo"

Payload = dict[str, Any]


def complete(payload: Payload, url: str, head: tuple[str, str]) -> Payload:
    """Return the payload (which has id and token) with every field that was left out.

    `head` is the branch and the commit that are served for its project, empty if none is.
    """
    job_id, token = payload["id"], payload["token"]
    info = {
        "id": job_id,
        "name": "job",
        "stage": "test",
        "pipeline_id": 700,
        "project_id": 42,
        "project_name": "demo",
        "project_full_path": DEMO_PROJECT,
        "namespace_id": 5,
        "root_namespace_id": 5,
        "organization_id": 1,
        "user_id": 2,
        "time_in_queue_seconds": 0,
        "project_jobs_running_on_instance_runners_count": "+Inf",
    } | (payload.get("job_info") or {})
    whole: Payload = {
        "allow_git_fetch": True,
        "variables": [],
        "steps": [],
        "image": None,
        "services": [],
        "artifacts": None,
        "cache": [],
        "credentials": [],
        "dependencies": [],
        "hooks": [],
    }
    whole |= payload | {"job_info": info}
    whole["runner_info"] = {
        "uuid": "",
        "timeout": _DEFAULT_TIMEOUT,
        "runner_session_url": None,
    } | (payload.get("runner_info") or {})
    whole["features"] = {
        "trace_sections": True,
        "token_mask_prefixes": [],
        "failure_reasons": list(KNOWN_REASONS),
    } | (payload.get("features") or {})
    repository = _repository(url, token, info["project_full_path"])
    whole["git_info"] = _git_info(payload.get("git_info") or {}, info, repository, head)
    whole["variables"] = _added(_variables(whole, url), whole["variables"])
    return whole


def _repository(url: str, token: str, project: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://gitlab-ci-token:{token}@{rest}/{project}.git"


def _git_info(given: Payload, info: Payload, repository: str, head: tuple[str, str]) -> Payload:
    whole = {
        "repo_url": repository,
        "ref": head[0] or "main",
        "sha": head[1] or _NO_SHA,
        "before_sha": _NO_SHA,
        "ref_type": "branch",
        "depth": 20,
        "repo_object_format": "sha1",
        "protected": True,
    } | given
    return {"refspecs": _refspecs(whole, info["pipeline_id"])} | whole


def _refspecs(git: Payload, pipeline_id: int) -> list[str]:
    """As GitLab builds them: the pipeline's own ref, then what the depth leaves room for."""
    ref, kind = git["ref"], git["ref_type"]
    specs = [f"+refs/pipelines/{pipeline_id}:refs/pipelines/{pipeline_id}"]
    if not git["depth"]:
        return [*specs, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    if ref.startswith("refs/merge-requests/"):
        return specs
    if kind == "tag":
        return [*specs, f"+refs/tags/{ref}:refs/tags/{ref}"]
    return [*specs, f"+refs/heads/{ref}:refs/remotes/origin/{ref}"]


def _variables(whole: Payload, url: str) -> list[Payload]:
    info, git = whole["job_info"], whole["git_info"]
    public = {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_SERVER_URL": url,
        "CI_API_V4_URL": f"{url}/api/v4",
        "CI_PIPELINE_ID": str(info["pipeline_id"]),
        "CI_JOB_ID": str(whole["id"]),
        "CI_JOB_NAME": info["name"],
        "CI_JOB_STAGE": info["stage"],
        "CI_PROJECT_ID": str(info["project_id"]),
        "CI_PROJECT_NAME": info["project_name"],
        "CI_PROJECT_PATH": info["project_full_path"],
        "CI_COMMIT_SHA": git["sha"],
        "CI_COMMIT_SHORT_SHA": git["sha"][:8],
        "CI_COMMIT_BEFORE_SHA": git["before_sha"],
        "CI_COMMIT_REF_NAME": git["ref"],
    }
    return [
        *(_variable(key, value) for key, value in public.items()),
        _variable("CI_JOB_TOKEN", whole["token"], is_secret=True),
        {"key": "CI_REPOSITORY_URL", "value": git["repo_url"], "public": False, "masked": False},
    ]


def _variable(key: str, value: str, *, is_secret: bool = False) -> Payload:
    return {"key": key, "value": value, "public": not is_secret, "masked": is_secret}


def _added(defaults: list[Payload], given: list[Payload]) -> list[Payload]:
    """The given ones behind the defaults, which stand back where a key is given."""
    keys = {variable["key"] for variable in given}
    return [variable for variable in defaults if variable["key"] not in keys] + list(given)


def hand_out(
    job: CoordinatorJob, runner: RegisteredRunner, jobs: dict[int, CoordinatorJob]
) -> Payload:
    """The payload with what is known only when a runner takes the job."""
    payload = job.payload
    info = dict(payload.get("runner_info") or {})
    if runner.maximum_timeout:
        timeout = info.get("timeout") or runner.maximum_timeout
        info["timeout"] = min(timeout, runner.maximum_timeout)
    queued = time.time() - job.moments.get("pending", time.time())
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    late = [
        _variable("CI_JOB_STARTED_AT", started),
        _variable("CI_RUNNER_ID", str(runner.id)),
        _variable("CI_RUNNER_DESCRIPTION", runner.description),
        _variable("CI_RUNNER_TAGS", str(sorted(runner.tags)).replace("'", '"')),
    ]
    return payload | {
        "runner_info": info,
        "job_info": (payload.get("job_info") or {}) | {"time_in_queue_seconds": round(queued, 3)},
        "variables": _added(late, payload.get("variables") or []),
        "dependencies": [
            _dependency(entry, job.token, jobs) for entry in payload.get("dependencies") or ()
        ],
    }


def _dependency(entry: Payload, token: str, jobs: dict[int, CoordinatorJob]) -> Payload:
    """Newer GitLabs hand out the running job's own token; no archive, no `artifacts_file`."""
    known = {"token": token}
    other = jobs.get(entry["id"])
    if other is not None:
        known["name"] = other.name
        archive = other.artifacts.get("archive")
        if archive is not None:
            file = {"filename": other.artifact_names["archive"], "size": archive.stat().st_size}
            return known | {"artifacts_file": file} | entry
    return known | entry
