"""GitLab's own variables of a pipeline and of a job, in GitLab's order (low to high)."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import msgspec

from podlane.local.pipeline.expand import expand_text
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.model import Job
from podlane.local.pipeline.slug import environment_slug, slug

SERVER_VERSION = "18.6.0"
PROJECT_ID = 1
RUNNER_ID = 1


class Attempt(msgspec.Struct, frozen=True):
    """One try of a job: what is new each time."""

    job_id: int
    token: str
    repo_url: str
    started_at: str = ""
    runner_description: str = "podlane local"


def of_pipeline(facts: Facts) -> dict[str, str]:
    """What rules may ask for: all that is known before a job exists."""
    return {
        **of_server(facts.server_url),
        **of_project(facts),
        **of_commit(facts),
        **of_user(facts),
    }


def of_server(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    port = str(parts.port or (443 if parts.scheme == "https" else 80))
    major, minor, patch = SERVER_VERSION.split(".")
    return {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_SERVER_URL": url,
        "CI_SERVER_HOST": host,
        "CI_SERVER_PORT": port,
        "CI_SERVER_PROTOCOL": parts.scheme,
        "CI_SERVER_FQDN": parts.netloc,
        "CI_SERVER_NAME": "GitLab",
        "CI_SERVER_VERSION": SERVER_VERSION,
        "CI_SERVER_VERSION_MAJOR": major,
        "CI_SERVER_VERSION_MINOR": minor,
        "CI_SERVER_VERSION_PATCH": patch,
        "CI_SERVER_REVISION": "local",
        "CI_SERVER_SHELL_SSH_HOST": host,
        "CI_SERVER_SHELL_SSH_PORT": "22",
        "CI_API_V4_URL": f"{url}/api/v4",
        "CI_API_GRAPHQL_URL": f"{url}/api/graphql",
        "CI_TEMPLATE_REGISTRY_HOST": "registry.gitlab.com",
        "GITLAB_FEATURES": "",
    }


def of_project(facts: Facts) -> dict[str, str]:
    namespace, _, name = facts.project_path.rpartition("/")
    return {
        "CI_PROJECT_ID": str(PROJECT_ID),
        "CI_PROJECT_NAME": name,
        "CI_PROJECT_TITLE": name,
        "CI_PROJECT_DESCRIPTION": "",
        "CI_PROJECT_PATH": facts.project_path,
        "CI_PROJECT_PATH_SLUG": slug(facts.project_path),
        "CI_PROJECT_NAMESPACE": namespace,
        "CI_PROJECT_NAMESPACE_ID": "1",
        "CI_PROJECT_ROOT_NAMESPACE": namespace.partition("/")[0],
        "CI_PROJECT_URL": f"{facts.server_url}/{facts.project_path}",
        "CI_PROJECT_VISIBILITY": "private",
        "CI_PROJECT_REPOSITORY_LANGUAGES": "",
        "CI_PROJECT_CLASSIFICATION_LABEL": "",
        "CI_DEFAULT_BRANCH": facts.default_branch,
        "CI_CONFIG_PATH": facts.config_path,
    }


def of_commit(facts: Facts) -> dict[str, str]:
    title, _, rest = facts.message.partition("\n")
    result = {
        "CI_PIPELINE_IID": str(facts.pipeline_id),
        "CI_PIPELINE_SOURCE": facts.source,
        "CI_PIPELINE_CREATED_AT": facts.created_at,
        "CI_COMMIT_SHA": facts.sha,
        "CI_COMMIT_SHORT_SHA": facts.sha[:8],
        "CI_COMMIT_BEFORE_SHA": facts.before_sha,
        "CI_COMMIT_REF_NAME": facts.ref,
        "CI_COMMIT_REF_SLUG": slug(facts.ref),
    }
    if facts.merge_request is not None:
        result.update(_of_merge_request(facts))
    elif facts.is_tag:
        result.update({"CI_COMMIT_TAG": facts.ref, "CI_COMMIT_TAG_MESSAGE": facts.tag_message})
    else:
        result["CI_COMMIT_BRANCH"] = facts.ref
    return {
        **result,
        "CI_COMMIT_MESSAGE": facts.message,
        "CI_COMMIT_TITLE": title,
        "CI_COMMIT_DESCRIPTION": rest.strip(),
        "CI_COMMIT_REF_PROTECTED": "true" if facts.is_protected else "false",
        "CI_COMMIT_TIMESTAMP": facts.timestamp,
        "CI_COMMIT_AUTHOR": facts.author,
    }


def _of_merge_request(facts: Facts) -> dict[str, str]:
    request = facts.merge_request
    assert request is not None
    iid = str(request.iid)
    return {
        "CI_MERGE_REQUEST_ID": iid,
        "CI_MERGE_REQUEST_IID": iid,
        "CI_MERGE_REQUEST_REF_PATH": f"refs/merge-requests/{iid}/head",
        "CI_MERGE_REQUEST_PROJECT_ID": str(PROJECT_ID),
        "CI_MERGE_REQUEST_PROJECT_PATH": facts.project_path,
        "CI_MERGE_REQUEST_PROJECT_URL": f"{facts.server_url}/{facts.project_path}",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": str(PROJECT_ID),
        "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": facts.project_path,
        "CI_MERGE_REQUEST_SOURCE_PROJECT_URL": f"{facts.server_url}/{facts.project_path}",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": request.source_branch,
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": facts.sha,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": request.target_branch,
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": request.base_sha,
        "CI_MERGE_REQUEST_TITLE": facts.message.partition("\n")[0],
        "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
        "CI_OPEN_MERGE_REQUESTS": f"{facts.project_path}!{iid}",
    }


def of_user(facts: Facts) -> dict[str, str]:
    return {
        "GITLAB_USER_ID": "1",
        "GITLAB_USER_EMAIL": facts.user_email,
        "GITLAB_USER_LOGIN": facts.user_email.partition("@")[0] or "local",
        "GITLAB_USER_NAME": facts.user_name,
    }


def of_job(job: Job, facts: Facts, attempt: Attempt) -> dict[str, str]:
    """The job's own names and numbers, without what must be hidden."""
    spec = job.spec
    project = f"{facts.server_url}/{facts.project_path}"
    result = {
        "CI_PIPELINE_ID": str(facts.pipeline_id),
        "CI_PIPELINE_URL": f"{project}/-/pipelines/{facts.pipeline_id}",
        "CI_JOB_ID": str(attempt.job_id),
        "CI_JOB_URL": f"{project}/-/jobs/{attempt.job_id}",
        "CI_JOB_STARTED_AT": attempt.started_at,
        "CI_REGISTRY_USER": "gitlab-ci-token",
        "CI_DEPENDENCY_PROXY_USER": "gitlab-ci-token",
        "CI_JOB_NAME": spec.name,
        "CI_JOB_NAME_SLUG": slug(spec.name),
        "CI_JOB_GROUP_NAME": spec.base_name or spec.name,
        "CI_JOB_STAGE": spec.stage,
        "CI_NODE_TOTAL": str(spec.node_total),
    }
    if spec.node_index:
        result["CI_NODE_INDEX"] = str(spec.node_index)
    if job.when == "manual":
        result["CI_JOB_MANUAL"] = "true"
    return result


def of_environment(job: Job, variables: dict[str, str]) -> dict[str, str]:
    environment = job.spec.environment
    if environment is None:
        return {}
    name = expand_text(environment.name, variables)
    url = {"CI_ENVIRONMENT_URL": expand_text(environment.url, variables)} if environment.url else {}
    return {
        "CI_ENVIRONMENT_NAME": name,
        "CI_ENVIRONMENT_SLUG": environment_slug(name),
        "CI_ENVIRONMENT_ACTION": environment.action,
        "CI_ENVIRONMENT_TIER": environment.tier or _tier(name),
        **url,
    }


def _tier(name: str) -> str:
    word = name.lower()
    tiers = {
        "production": ("prod", "live"),
        "staging": ("stag", "model", "pre", "demo"),
        "testing": ("test", "qa", "acpt"),
        "development": ("dev", "review", "trunk"),
    }
    for tier, signs in tiers.items():
        if any(sign in word for sign in signs):
            return tier
    return "other"


def of_runner(job: Job, attempt: Attempt) -> dict[str, str]:
    return {
        "CI_RUNNER_ID": str(RUNNER_ID),
        "CI_RUNNER_DESCRIPTION": attempt.runner_description,
        "CI_RUNNER_TAGS": json.dumps(list(job.spec.tags)),
    }


def of_pipeline_name(name: str) -> dict[str, str]:
    return {"CI_PIPELINE_NAME": name} if name else {}
