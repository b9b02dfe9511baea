"""Requests and limits that a job puts in place of the config's, up to the runner's maximum."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import msgspec

from podlane.core.job.variables import Reader
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.overwrites.gate import variable_of
from podlane.core.text.quantity import parse_quantity
from podlane.errors import JobRefused

Scope = Literal["", "helper_", "service_", "pod_"]
RESOURCES = ("cpu", "memory", "ephemeral_storage")
OF_PODS = ("cpu", "memory")  # all that Kubernetes has for a pod as a whole
KINDS = ("request", "limit")
SCOPES: tuple[Scope, ...] = ("", "helper_", "service_", "pod_")


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


def overwritten(context: RunnerContext, reader: Reader) -> tuple[Amount, ...]:
    """Those of all scopes that the job has put in."""
    return tuple(
        amount
        for scope in SCOPES
        for amount in amounts(context, scope, reader).values()
        if amount.is_overwritten
    )


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
