"""A job of the pipeline to the payload GitLab would send (201 of POST /jobs/request)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from podlane.core.text import glob
from podlane.local.pipeline import expand, predefined
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.model import Cache, Job, Pipeline
from podlane.local.pipeline.predefined import PROJECT_ID, Attempt

FAILURE_REASONS = (
    "unknown_failure", "script_failure", "api_failure", "stuck_or_timeout_failure",
    "runner_system_failure", "missing_dependency_failure", "runner_unsupported",
    "stale_schedule", "job_execution_timeout", "archived_failure", "unmet_prerequisites",
    "scheduler_failure", "data_integrity_failure", "image_pull_failure",
    "runner_configuration_error", "runner_external_dependency_failure", "runner_interrupted",
)  # fmt: skip


class Finished(msgspec.Struct, frozen=True):
    """What a job gets of one that ran before it; `size` 0: it left no archive."""

    job_id: int
    name: str
    size: int = 0
    filename: str = "artifacts.zip"
    dotenv: tuple[tuple[str, str], ...] = ()


def build_payload(
    pipeline: Pipeline,
    job: Job,
    facts: Facts,
    attempt: Attempt,
    finished: Iterable[Finished] = (),
) -> dict[str, Any]:
    """`finished` are the jobs of `decide.artifact_sources` that are over."""
    spec = job.spec
    before = tuple(finished)
    variables = build_variables(pipeline, job, facts, attempt, before)
    values = {item["key"]: item["value"] for item in variables}
    return {
        "id": attempt.job_id,
        "token": attempt.token,
        "allow_git_fetch": True,
        "job_info": _job_info(job, facts, attempt),
        "git_info": _git_info(facts, attempt, values),
        "runner_info": {"timeout": spec.timeout, "uuid": "", "runner_session_url": None},
        "inputs": [],
        "variables": variables,
        "steps": _steps(job),
        "hooks": list(spec.hooks),
        "image": spec.image,
        "services": list(spec.services),
        "artifacts": list(spec.artifacts) or None,
        "cache": [_cache(item, index, facts) for index, item in enumerate(spec.caches)],
        "credentials": [],
        "dependencies": [_dependency(item, attempt) for item in before],
        "features": {
            "trace_sections": True,
            "token_mask_prefixes": [],
            "failure_reasons": list(FAILURE_REASONS),
        },
    }


def _job_info(job: Job, facts: Facts, attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.job_id,
        "name": job.name,
        "stage": job.spec.stage,
        "pipeline_id": facts.pipeline_id,
        "project_id": PROJECT_ID,
        "project_name": facts.project_path.rpartition("/")[2],
        "project_full_path": facts.project_path,
        "namespace_id": 1,
        "root_namespace_id": 1,
        "organization_id": 1,
        "user_id": 1,
        "time_in_queue_seconds": 0,
        "project_jobs_running_on_instance_runners_count": "+Inf",
    }


def _git_info(facts: Facts, attempt: Attempt, values: Mapping[str, str]) -> dict[str, Any]:
    depth = values.get("GIT_DEPTH", "20")
    number = int(depth) if depth.isdigit() else 20
    kind = "tags" if facts.is_tag else "heads"
    target = "tags" if facts.is_tag else "remotes/origin"
    refspecs = [f"+refs/pipelines/{facts.pipeline_id}:refs/pipelines/{facts.pipeline_id}"]
    if number == 0:
        refspecs += ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    elif facts.merge_request is None:
        refspecs.append(f"+refs/{kind}/{facts.ref}:refs/{target}/{facts.ref}")
    request = facts.merge_request
    return {
        "repo_url": attempt.repo_url,
        "repo_object_format": facts.object_format,
        "ref": f"refs/merge-requests/{request.iid}/head" if request else facts.ref,
        "sha": facts.sha,
        "before_sha": facts.before_sha,
        "ref_type": "tag" if facts.is_tag else "branch",
        "refspecs": refspecs,
        "depth": number,
        "protected": facts.is_protected,
    }


def _steps(job: Job) -> list[dict[str, Any]]:
    timeout = job.spec.timeout
    when = job.when if job.when in ("on_failure", "always") else "on_success"
    steps = [
        {
            "name": "script",
            "script": list(job.spec.script),
            "timeout": timeout,
            "when": when,
            "allow_failure": job.allow_failure,
        }
    ]
    if job.spec.after_script:
        steps.append(
            {
                "name": "after_script",
                "script": list(job.spec.after_script),
                "timeout": timeout,
                "when": "always",
                "allow_failure": True,
            }
        )
    return steps


def _cache(cache: Cache, index: int, facts: Facts) -> dict[str, Any]:
    is_protected = facts.is_protected and not cache.unprotect
    suffix = "-protected" if is_protected else "-non_protected"
    return {
        "key": cache_key(cache, index, facts.blobs) + suffix,
        "untracked": cache.untracked,
        "policy": cache.policy,
        "paths": list(cache.paths),
        "when": cache.when,
        "fallback_keys": [key + suffix for key in cache.fallback_keys],
    }


def cache_key(cache: Cache, index: int, blobs: Mapping[str, str]) -> str:
    """The key without the suffix: the text, or a digest of the listed files' contents."""
    if not cache.key.files:
        return cache.key.text or "default"
    found = {
        blob
        for pattern in cache.key.files
        for path, blob in blobs.items()
        if path == pattern or glob.matches(pattern, path)
    }
    digest = hashlib.sha1("-".join(sorted(found)).encode(), usedforsecurity=False).hexdigest()
    prefix = str(index) if cache.key.prefix is None else cache.key.prefix
    return f"{prefix}-{digest if found else 'default'}"


def _dependency(item: Finished, attempt: Attempt) -> dict[str, Any]:
    result: dict[str, Any] = {"id": item.job_id, "name": item.name, "token": attempt.token}
    if item.size:
        result["artifacts_file"] = {"filename": item.filename, "size": item.size}
    return result


def build_variables(
    pipeline: Pipeline, job: Job, facts: Facts, attempt: Attempt, finished: tuple[Finished, ...]
) -> list[dict[str, Any]]:
    """All variables in GitLab's order, expanded as GitLab does."""
    own = [_variable(item.key, item.value, is_raw=item.is_raw) for item in job.variables]
    given = [_variable(key, value) for key, value in facts.variables]
    dotenv = [
        _variable(key, value, public=False) for item in finished for key, value in item.dotenv
    ]
    listed = [
        *_public(predefined.of_job(job, facts, attempt)),
        *_hidden(attempt),
        *_public(predefined.of_server(facts.server_url)),
        *_public(predefined.of_project(facts)),
        *_public(predefined.of_commit(facts)),
        *_public({"CI_PIPELINE_NAME": pipeline.name} if pipeline.name else {}),
        *_public(predefined.of_runner(job, attempt)),
        *own,
        *_public(predefined.of_user(facts)),
        *dotenv,
        *given,
    ]
    values = {item["key"]: item["value"] for item in expand.expand(listed)}
    environment = _public(predefined.of_environment(job, values))
    at = next(i for i, item in enumerate(listed) if item["key"] == "CI")
    return expand.expand([*listed[:at], *environment, *listed[at:]])


def _variable(
    key: str, value: str, *, public: bool = True, masked: bool = False, is_raw: bool = False
) -> dict[str, Any]:
    result: dict[str, Any] = {"key": key, "value": value, "public": public, "masked": masked}
    return {**result, "raw": True} if is_raw else result


def _public(values: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_variable(key, value) for key, value in values.items()]


def _hidden(attempt: Attempt) -> list[dict[str, Any]]:
    return [
        _variable("CI_JOB_TOKEN", attempt.token, public=False, masked=True),
        _variable("CI_REGISTRY_PASSWORD", attempt.token, public=False, masked=True),
        _variable("CI_REPOSITORY_URL", attempt.repo_url, public=False),
        _variable("CI_DEPENDENCY_PROXY_PASSWORD", attempt.token, public=False, masked=True),
    ]
