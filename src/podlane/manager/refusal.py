"""What the API's "no" to one of a job's objects means: later, or never, and in which words."""

from __future__ import annotations

from podlane.core.pod import refusals
from podlane.core.pod.tries import QUOTA, Tries
from podlane.errors import Gone, JobRefused, Rejected, ServiceError, Unavailable


def trouble_of(
    error: ServiceError, tries: Tries, *, is_jobs_token: bool = False
) -> Unavailable | JobRefused:
    """Unavailable where a further try makes sense, else the refusal. `is_jobs_token`: the job has
    brought the token by which it was asked for."""
    if isinstance(error, Unavailable):
        return error
    if tries.may_pass(error.status, error.message):
        return Unavailable(error.message, service="kubernetes", status=error.status)
    refusal = refusal_of(error)
    if is_jobs_token and error.status in (401, 403):
        refusal.hint = "its objects are made by the token in KUBERNETES_BEARER_TOKEN: mend that one"
    return refusal


def refusal_of(error: ServiceError) -> JobRefused:
    """Put the API's refusal into a job's words."""
    if isinstance(error, (Rejected, Gone)) and not _is_quota(error):
        return JobRefused(
            f"Kubernetes refused the job's {_what(error)}: {error.message}",
            hint=refusals.of_admission(error.message)
            or "this comes from [runners.kubernetes], from the cluster's policies or from the "
            "rights of the runner's service account; the sentence names the field or right",
            reference="kubernetes-refused",
            failure_reason="runner_configuration_error",
        )
    return JobRefused(
        f"Kubernetes did not take the job: {error.message}",
        hint="`retry: when: runner_system_failure` runs such jobs again",
        reference="kubernetes-unavailable",
        failure_reason="runner_system_failure",
    )


def _is_quota(error: ServiceError) -> bool:
    return error.status == 403 and QUOTA in error.message


def _what(error: ServiceError) -> str:
    is_of_pod = error.status not in (401, 403) or error.message.startswith('pods "')
    return "pod" if is_of_pod else "objects"
