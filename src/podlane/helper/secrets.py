"""Fetches the job's secrets, inside the pod: their values are in no object of the cluster."""

from __future__ import annotations

import os
from collections.abc import Callable

import msgspec

from podlane import __version__
from podlane.core.job.outcome import FailureReason, failed
from podlane.core.plan import step
from podlane.core.plan.model import JobPlan, SecretRequest
from podlane.core.plan.secrets import fill
from podlane.errors import ServiceError, Unavailable
from podlane.helper.work import StageFailed, Work

_PAUSE = 2.0
_HINTS = {
    "vault": "check the role, its bound claims, the policy and the path in Vault",
    "gcp": "check the workload identity pool and who may access the secret",
    "azure": "check the federated credential of the application and its access to the key vault",
    "aws": "check the role's trust policy, and that it may read the secret",
}


def run(work: Work) -> None:
    """Fetch all of them, then put them where the plan has left room; each is masked from then on.

    StageFailed when one cannot be had.
    """
    plan = work.plan
    if not plan.secrets.requests:
        return
    with work.trace.section("resolve_secrets", "Resolving secrets"):
        read = _reader(work)
        found: dict[str, str] = {}
        for request in plan.secrets.requests:
            value = _fetch(work, request, read)
            if value is not None:
                found[request.key] = value
                _hide(work, value)
        work.plan = filled(plan, found)
        for mask in plan.trace.masks:  # a masked variable may be made of a secret
            if (text := fill(mask.reveal(), found)) != mask.reveal():
                _hide(work, text)


def filled(plan: JobPlan, found: dict[str, str]) -> JobPlan:
    """The plan with the values put in; the variable of a secret that is missing is left out."""
    missing = {request.key for request in plan.secrets.requests} - set(found)
    replace = msgspec.structs.replace
    return replace(
        plan,
        variables=tuple(
            replace(one, value=fill(one.value, found))
            for one in plan.variables
            if one.key not in missing
        ),
        scripts=tuple(
            replace(one, commands=tuple(fill(line, found) for line in one.commands))
            for one in plan.scripts
        ),
    )


def _hide(work: Work, value: str) -> None:
    """A log shows lines: a text of several is masked whole and line by line."""
    for text in {value, *value.splitlines()}:
        if len(text.strip()) >= 4 or text == value:
            work.trace.hide(text)


def _reader(work: Work) -> Callable[[SecretRequest], str | None]:
    from podlane.clients.http.blocking import BlockingHttp
    from podlane.clients.secretstore.read import NAMES, SecretStore

    plan = work.plan
    http = BlockingHttp(user_agent=f"podlane {__version__}", ca_text=plan.gitlab.ca_certificates)
    session = f"{plan.job.id}-{plan.job.project_id}-{os.uname().nodename}"
    store = SecretStore(http, {**step.environment(plan), **os.environ}, session)

    def read(request: SecretRequest) -> str | None:
        work.trace.plain(f'Resolving secret "{request.key}"...')
        work.trace.plain(f'Using "{NAMES[type(request.provider)]}" secret resolver...')
        return store.read(request.provider)

    return read


def _fetch(
    work: Work, request: SecretRequest, read: Callable[[SecretRequest], str | None]
) -> str | None:
    attempts = work.plan.secrets.attempts
    for attempt in range(1, attempts + 1):
        work.check()
        try:
            value = read(request)
        except ServiceError as error:
            if attempt == attempts or not isinstance(error, Unavailable):
                raise _failure(request, error) from error
            work.trace.warning(f"{error.message}; trying again")
            work.sleep(_PAUSE * attempt)
        else:
            return _checked(work, request, value)
    raise AssertionError("there is at least one attempt")


def _checked(work: Work, request: SecretRequest, value: str | None) -> str | None:
    if value is not None:
        return value
    message = f"the secret {request.key} has no value: its provider knows no such field"
    if work.plan.secrets.are_needed:
        raise StageFailed(
            failed(FailureReason.RUNNER_CONFIGURATION_ERROR),
            message,
            "check the path and the field that `secrets:` names",
        )
    work.trace.warning(message)
    return None


def _failure(request: SecretRequest, error: ServiceError) -> StageFailed:
    is_away = isinstance(error, Unavailable)
    reason = (
        FailureReason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE
        if is_away
        else FailureReason.RUNNER_CONFIGURATION_ERROR
    )
    hint = error.hint or (
        "secrets are fetched from inside the job's pod: can it reach that address?"
        if is_away
        else _HINTS.get(error.service, "")
    )
    return StageFailed(
        failed(reason),
        f"the secret {request.key} cannot be had: {error.message}",
        *([hint] if hint else []),
    )
