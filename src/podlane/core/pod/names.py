"""Names, labels and annotations of a job's objects: writing them and reading them back.

Labels are an interface between versions of podlane, and the only way back from an object to its
job. gitlab-runner's own labels and annotations are written as well, so that policies, dashboards
and cost reports made for it still match (gitlab-runner 19.4, executors/kubernetes).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from podlane.core.text.token import Token, short_token

MANAGED_BY = "app.kubernetes.io/managed-by"
INSTALLATION = "podlane.dev/installation"
RUNNER = "podlane.dev/runner"
JOB_ID = "podlane.dev/job-id"
PROJECT_ID = "podlane.dev/project-id"
SLOT = "podlane.dev/slot"  # CI_CONCURRENT_ID
PROJECT_SLOT = "podlane.dev/project-slot"  # CI_CONCURRENT_PROJECT_ID
SPOKEN = "podlane.dev/spoken"  # on a pod that stays: GitLab has its job's outcome
NOTED = "podlane.dev/went-to"  # on a note: the namespace that jobs went to
ATTEMPT = "podlane.dev/attempt"
TELL = "podlane.dev/tell"
SERVICE_LOG = "podlane.dev/service-log"
EVENTS = "podlane.dev/events"
BEARER = "podlane.dev/bearer"  # on the record: the variable with the token that its pod is made by
OWN_NAMESPACE = "podlane.dev/own-namespace"  # on the record: its namespace goes with it
JOB_URL = "job.runner.gitlab.com/url"
KEEP = "podlane.dev/keep"  # seconds for which the pod stays if its job fails
EXTRA = "podlane.dev/extra"  # on the record: its further Secrets, which the pod needs


def runner_key(url: str, runner_token: Token) -> str:
    """Name one `[[runners]]` entry in object names and labels: short token and a digest.

    The digest keeps two servers, or two tokens that begin alike, apart.
    """
    digest = hashlib.sha256(f"{url.rstrip('/')}\n{runner_token.reveal()}".encode()).hexdigest()
    short = re.sub(r"[^a-z0-9]+", "-", short_token(runner_token).lower()).strip("-")
    return f"{short}-{digest[:6]}".lstrip("-")


def record_name(runner: str, job_id: int) -> str:
    """The name of the job's Secret."""
    return f"runner-{runner}-job-{job_id}"


def is_record(name: str, labels: Mapping[str, str]) -> bool:
    """Whether a Secret with these labels is a record, by its name."""
    job_id = labels.get(JOB_ID, "")
    return job_id.isdecimal() and name == record_name(labels.get(RUNNER, ""), int(job_id))


def pod_name(record: str, attempt: int) -> str:
    return f"{record}-{attempt}"


def record_of(pod: str) -> str:
    """The record that a pod's name belongs to."""
    return pod.rpartition("-")[0]


def selector(installation: str) -> str:
    """The label selector that finds every object of one installation."""
    return f"{MANAGED_BY}=podlane,{INSTALLATION}={installation}"


def label_value(text: str) -> str:
    """Turn any text into a valid label value (at most 63 characters)."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:63].strip("-_.")
