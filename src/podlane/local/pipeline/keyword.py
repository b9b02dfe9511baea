"""GitLab's keywords: those a local run honours, those it only notes, and those it knows not."""

from __future__ import annotations

GLOBAL = (
    "default", "include", "stages", "variables", "workflow", "image", "services", "cache",
    "before_script", "after_script",
)  # fmt: skip
DEFAULT = (
    "after_script", "artifacts", "before_script", "cache", "hooks", "id_tokens", "identity",
    "image", "interruptible", "retry", "services", "tags", "timeout",
)  # fmt: skip
OLD_DEFAULTS = ("image", "services", "cache", "before_script", "after_script")
JOB = (
    "script", "before_script", "after_script", "stage", "image", "services", "variables", "rules",
    "only", "except", "when", "start_in", "allow_failure", "needs", "dependencies", "artifacts",
    "cache", "retry", "timeout", "interruptible", "parallel", "tags", "hooks", "extends",
    "inherit", "coverage", "environment", "resource_group", "release", "trigger", "run", "secrets",
    "id_tokens", "identity", "pages", "inputs", "dast_configuration", "manual_confirmation",
    "publish",
)  # fmt: skip
RESERVED = ("image", "services", "stages", "before_script", "after_script", "variables", "cache",
            "include", "true", "false", "nil", "pages:deploy")  # fmt: skip

INSTEAD = {
    "image": "jobs run as processes of this machine, with the programs it has",
    "services": "no service is started; a program that the jobs need must run already",
    "release": "no release is made",
    "trigger": "no other pipeline is started; the job counts as passed",
    "run": "steps are not there yet; the job is not run and counts as passed",
    "secrets": "no secret is fetched; give the value with --variable",
    "id_tokens": "no token is signed; give the value with --variable",
    "identity": "no cloud identity is had",
    "pages": "nothing is published; the folder is kept as an artifact",
    "inputs": "job inputs are not filled in",
    "dast_configuration": "it has no effect",
    "tags": "the local runner takes jobs of any tags",
    "start_in": "a delayed job starts at once",
    "environment": "nothing is deployed; the job gets its CI_ENVIRONMENT_* variables",
    "auto_cancel": "nothing is cancelled automatically",
    "include:remote": "the file is not fetched, its jobs are not in the pipeline",
    "include:project": "the file is not fetched, its jobs are not in the pipeline",
    "include:template": "the template is not fetched, its jobs are not in the pipeline",
    "include:component": "the component is not fetched, its jobs are not in the pipeline",
    "files_commits": "the cache key is made of the files' contents",
    "needs:project": "artifacts of other projects are not fetched",
    "needs:pipeline": "artifacts of other pipelines are not fetched",
    "kubernetes": "there is no cluster: the condition is false",
}
