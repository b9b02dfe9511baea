"""What the config gives, and what a job may change by `KUBERNETES_…` variables.

A resource changes only where the runner's `<key>_overwrite_max_allowed` is set, and only up to it;
a name where `<key>_overwrite_allowed`, a pattern, matches it. This is the one reader of these keys
and variables.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.job.variables import Reader
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Note
from podlane.core.plan.resolve import Ground
from podlane.core.text.quantity import parse_quantity
from podlane.errors import JobRefused

Scope = Literal["", "helper_", "service_", "pod_"]
RESOURCES = ("cpu", "memory", "ephemeral_storage")
OF_PODS = ("cpu", "memory")  # all that Kubernetes has for a pod as a whole
KINDS = ("request", "limit")
_LONGEST_NAME = 253


class Amount(msgspec.Struct, frozen=True):
    """One value: `key` is the config's, `text` a quantity or ""."""

    key: str
    text: str
    is_overwritten: bool = False


def amounts(context: RunnerContext, scope: Scope, reader: Reader) -> dict[str, Amount]:
    """The resources of one scope by config key. JobRefused for a value that is not allowed."""
    resources = OF_PODS if scope == "pod_" else RESOURCES
    keys = [f"{scope}{resource}_{kind}" for resource in resources for kind in KINDS]
    return {key.removeprefix(scope): _amount(context, key, reader) for key in keys}


def notes(context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    account = _name("service_account", context.runner.kubernetes, ground.reader)
    names = (Note(f'"service_account" overwritten with "{account}"'),) if account else ()
    scopes: tuple[Scope, ...] = ("", "helper_", "service_", "pod_")
    return names + tuple(
        Note(f'"{amount.key}" overwritten with "{amount.text}"')
        for scope in scopes
        for amount in amounts(context, scope, ground.reader).values()
        if amount.is_overwritten
    )


def applied(context: RunnerContext, reader: Reader) -> RunnerContext:
    """The settings with the names that the job puts in their place. JobRefused for one that the
    runner's pattern does not match."""
    kubernetes = context.runner.kubernetes
    account = _name("service_account", kubernetes, reader)
    namespace = _name("namespace", kubernetes, reader)
    if namespace and namespace != (kubernetes.namespace or "default"):
        raise JobRefused(
            f"The job asks for the namespace {namespace!r}, and podlane runs all jobs of this "
            f"runner in {kubernetes.namespace or 'default'!r}",
            hint="leave KUBERNETES_NAMESPACE_OVERWRITE out, or add a [[runners]] entry for that "
            "namespace and give the job its tags",
            reference="overwrite",
        )
    if not account:
        return context
    kubernetes = msgspec.structs.replace(kubernetes, service_account=account)
    runner = msgspec.structs.replace(context.runner, kubernetes=kubernetes)
    return msgspec.structs.replace(context, runner=runner)


def _name(key: str, kubernetes: KubernetesConfig, reader: Reader) -> str:
    """What the job asks for by name; "" where it asks for nothing or the runner has no pattern."""
    variable, gate = f"{variable_of(key)}_OVERWRITE", f"{key}_overwrite_allowed"
    asked, pattern = reader.get(variable).strip(), getattr(kubernetes, gate)
    if not asked or not pattern:
        return ""
    try:
        is_allowed = re.search(pattern, asked[:_LONGEST_NAME]) is not None
    except re.error as error:
        raise JobRefused(
            f"`{gate}` of the runner is no regular expression: {error}",
            hint=f"mend `{gate}` in [runners.kubernetes]",
            reference="overwrite",
        ) from None
    if not is_allowed or len(asked) > _LONGEST_NAME:
        raise JobRefused(
            f"The job asks for {key} {asked[:64]!r} ({variable}), which does not match the "
            f"runner's `{gate}`: {pattern[:200]!r}",
            hint=f"change {variable}, or the pattern in [runners.kubernetes]",
            reference="overwrite",
        )
    return asked


def variable_of(key: str) -> str:
    return f"KUBERNETES_{key.upper()}"


def _amount(context: RunnerContext, key: str, reader: Reader) -> Amount:
    kubernetes = context.runner.kubernetes
    configured = getattr(kubernetes, key)
    gate = f"{key}_overwrite_max_allowed"
    most = getattr(kubernetes, gate)
    asked = reader.get(variable_of(key)).strip()
    if not asked or not most:
        return Amount(key, _non_zero(configured, key))
    if _parse(asked, variable_of(key)) > _parse(most, gate):
        raise JobRefused(
            f"The job asks for {key} {asked[:64]!r} ({variable_of(key)}), "
            f"and this runner allows at most {most!r} ({gate})",
            hint=f"lower {variable_of(key)}, or raise `{gate}` in [runners.kubernetes]",
            reference="overwrite",
        )
    return Amount(key, _non_zero(asked, key), is_overwritten=True)


def _non_zero(text: str, key: str) -> str:
    """A zero means unset."""
    return text if text and _parse(text, key) != 0 else ""


def _parse(text: str, key: str) -> Fraction:
    try:
        number = parse_quantity(text.strip())
    except ValueError as error:
        raise JobRefused(
            f"{key} is no quantity: {error}", hint=f"mend {key}", reference="quantity"
        ) from None
    if number < 0:
        raise JobRefused(f"{key} is less than zero", reference="quantity")
    return number
