"""The gates of overwrites: which variables belong to a key, and whether its pattern lets one in."""

from __future__ import annotations

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.job.variables import Reader
from podlane.core.plan.secrets import refuse_in
from podlane.core.text.re2.match import compiled
from podlane.errors import JobRefused


class Asked(msgspec.Struct, frozen=True):
    """One variable that asks for another value of the config's `key`."""

    key: str
    variable: str
    value: str


def variable_of(key: str) -> str:
    return f"KUBERNETES_{key.upper()}"


def name(key: str, kubernetes: KubernetesConfig, reader: Reader) -> str:
    """The name that the job asks for; "" where it asks for none or the runner has no pattern."""
    variable = f"{variable_of(key)}_OVERWRITE"
    asked = Asked(key, variable, reader.get(variable).strip())
    if not asked.value or not _pattern(key, kubernetes):
        return ""
    check(asked, kubernetes, most=253)
    return asked.value


def of_prefix(key: str, kubernetes: KubernetesConfig, reader: Reader) -> tuple[Asked, ...]:
    """The variables `KUBERNETES_<KEY>_…`, each let in by the runner's pattern."""
    if not _pattern(key, kubernetes):
        return ()
    prefix = f"{variable_of(key)}_"
    found = [Asked(key, one, value) for one, value in reader.values.items() if _is_of(one, prefix)]
    for asked in found:
        check(asked, kubernetes, most=4096)
    return tuple(found)


def check(asked: Asked, kubernetes: KubernetesConfig, *, most: int) -> None:
    """JobRefused when the pattern does not match, or the value is longer than `most`."""
    refuse_in(f"the variable {asked.variable}", asked.value)
    pattern = _pattern(asked.key, kubernetes)
    try:
        is_allowed = compiled(pattern).matches(asked.value[:most])
    except ValueError as error:  # such a file is refused when it is read
        raise JobRefused(f"`{_gate(asked.key)}` is no pattern: {error}") from None
    if is_allowed and len(asked.value) <= most:
        return
    raise JobRefused(
        f"The job asks for {asked.key} {asked.value[:64]!r} ({asked.variable}), which does not "
        f"match the runner's `{_gate(asked.key)}`: {pattern[:200]!r}"
        if not is_allowed
        else f"The job asks for {asked.key} by {asked.variable}, which is longer than {most} signs",
        hint=f"change {asked.variable}, or the pattern in [runners.kubernetes]",
        reference="overwrite",
    )


def _is_of(variable: str, prefix: str) -> bool:
    return variable.startswith(prefix)


def _gate(key: str) -> str:
    return f"{key}_overwrite_allowed"


def _pattern(key: str, kubernetes: KubernetesConfig) -> str:
    return str(getattr(kubernetes, _gate(key)))
