"""Fill a job's payload up to what GitLab sends, so that a test says only what it is about."""

from __future__ import annotations

from typing import Any

_REASONS = (
    "unknown_failure",
    "script_failure",
    "runner_system_failure",
    "job_execution_timeout",
    "image_pull_failure",
    "runner_configuration_error",
    "runner_external_dependency_failure",
    "runner_interrupted",
)


def complete(payload: dict[str, Any], job_id: int, token: str, url: str) -> dict[str, Any]:
    """Return the payload with id, token, repository URL and every field that was left out."""
    info = {
        "id": job_id,
        "name": "job",
        "stage": "test",
        "pipeline_id": 700,
        "project_id": 42,
        "project_name": "demo",
        "project_full_path": "acme/demo",
        "time_in_queue_seconds": 0,
        "project_jobs_running_on_instance_runners_count": "+Inf",
    } | payload.get("job_info", {})
    whole: dict[str, Any] = {
        "allow_git_fetch": True,
        "runner_info": {"timeout": 3600, "runner_session_url": None},
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
    whole |= payload | {"id": job_id, "token": token, "job_info": info}
    whole["git_info"] = _git_info(payload.get("git_info", {}), info, token, url)
    whole["features"] = {"trace_sections": True, "failure_reasons": list(_REASONS)} | payload.get(
        "features", {}
    )
    whole["variables"] = _variables(whole["git_info"], info, job_id, token, url) + list(
        payload.get("variables", [])
    )
    return whole


def _git_info(given: dict[str, Any], info: dict[str, Any], token: str, url: str) -> dict[str, Any]:
    scheme, _, rest = url.partition("://")
    repository = f"{scheme}://gitlab-ci-token:{token}@{rest}/{info['project_full_path']}.git"
    return {
        "repo_url": repository,
        "ref": "main",
        "sha": "0" * 40,
        "before_sha": "0" * 40,
        "ref_type": "branch",
        "refspecs": ["+refs/heads/*:refs/remotes/origin/*"],
        "depth": 20,
        "repo_object_format": "sha1",
        "protected": True,
    } | given


def _variables(
    git: dict[str, Any], info: dict[str, Any], job_id: int, token: str, url: str
) -> list[dict[str, Any]]:
    public = {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_JOB_ID": str(job_id),
        "CI_JOB_NAME": info["name"],
        "CI_JOB_STAGE": info["stage"],
        "CI_PIPELINE_ID": str(info["pipeline_id"]),
        "CI_PROJECT_ID": str(info["project_id"]),
        "CI_PROJECT_PATH": info["project_full_path"],
        "CI_COMMIT_SHA": git["sha"],
        "CI_COMMIT_REF_NAME": git["ref"],
        "CI_SERVER_URL": url,
    }
    found = [
        {"key": key, "value": value, "public": True, "masked": False}
        for key, value in public.items()
    ]
    return [*found, {"key": "CI_JOB_TOKEN", "value": token, "public": False, "masked": True}]
