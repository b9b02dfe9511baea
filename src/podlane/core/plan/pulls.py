"""By which policies an image is pulled, tried in order: the job's wish, if the runner allows it."""

from __future__ import annotations

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.errors import JobRefused

_WORDS = {"always": "Always", "if-not-present": "IfNotPresent", "never": "Never"}


def policies(kubernetes: KubernetesConfig, asked: tuple[str, ...], what: str) -> tuple[str, ...]:
    """The policies of one image in Kubernetes' words; none: the cluster decides.

    JobRefused when nothing is left of the list, in words that name both sides.
    """
    configured, allowed = kubernetes.pull_policy, kubernetes.allowed_pull_policies or None
    for word in (*configured, *(allowed or ()), *asked):
        if word not in _WORDS:
            raise _refused(f"There is no pull policy {word[:60]!r} ({what})")
    permitted = configured if allowed is None else allowed
    wanted = asked or configured
    left = [word for word in wanted if word in permitted]
    if not left and (asked or allowed is not None):
        raise _refused(
            f"{_source(asked, configured)} for the {what}, and the runner allows only "
            f"{_shown(permitted)} "
            f"({'pull_policy' if allowed is None else 'allowed_pull_policies'})"
        )
    return tuple(_WORDS[word] for word in left)


def _source(asked: tuple[str, ...], configured: tuple[str, ...]) -> str:
    """Who set the policy that is not allowed."""
    if asked:
        return f"The pipeline's `pull_policy` asks for {_shown(asked)}"
    if configured:
        return f"The runner's `pull_policy` asks for {_shown(configured)}"
    return "Neither job nor runner sets a pull policy, which leaves it to the cluster"


def _shown(words: tuple[str, ...]) -> str:
    return ", ".join(words) or "the cluster's own"


def _refused(message: str) -> JobRefused:
    return JobRefused(
        message,
        hint="policies are always, if-not-present and never; the runner's are in `pull_policy` "
        "and `allowed_pull_policies` of [runners.kubernetes]",
        reference="pull-policy",
    )
