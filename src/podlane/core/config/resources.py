"""CPU, memory and storage in `[runners.kubernetes]`: quantities that are none, and those that are
and can hardly be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.text.quantity import parse_quantity

_KEY = re.compile(
    r"((?:helper_|service_|pod_)?(cpu|memory|ephemeral_storage)_(request|limit))"
    r"(_overwrite_max_allowed)?"
)
_NEARLY = re.compile(r"([\d.]+)\s*([kmgtKMGT])(?:i?[bB])?")
_MIB = 1024**2
_CORES = 100  # more than nearly every node has
_LEAST = {"memory": 4 * _MIB, "ephemeral_storage": _MIB}  # a shell needs more
_HELPER = 64 * _MIB


class Resource(msgspec.Struct, frozen=True):
    """One key: `base` is the key that it bounds, or itself."""

    key: str
    base: str
    name: str
    kind: str
    is_maximum: bool
    text: str


def resources(kubernetes: KubernetesConfig) -> list[Resource]:
    """The keys that are set, in the model's order."""
    found = ((key, _KEY.fullmatch(key)) for key in kubernetes.__struct_fields__)
    return [
        Resource(key, match[1], match[2], match[3], bool(match[4]), text)
        for key, match in found
        if match and (text := getattr(kubernetes, key).strip())
    ]


def faults(kubernetes: KubernetesConfig) -> Iterator[tuple[str, ...]]:
    for one in resources(kubernetes):
        try:
            number = parse_quantity(one.text)
        except ValueError as error:
            yield one.key, f"is no quantity: {error}", _meant(one)
            continue
        if number < 0:
            yield one.key, f"must be 0 or more, and is {one.text}"


def hints(kubernetes: KubernetesConfig) -> Iterator[tuple[str, ...]]:
    known = {one.key: one for one in resources(kubernetes)}
    amounts = {
        key: number for key, one in known.items() if (number := amount(one.text)) is not None
    }
    for key, number in amounts.items():
        yield from _of_one(known[key], number, amounts)


def _of_one(
    one: Resource, number: Fraction, amounts: dict[str, Fraction]
) -> Iterator[tuple[str, ...]]:
    base = amounts.get(one.base)
    request_key = one.base.removesuffix("limit") + "request"
    request = amounts.get(request_key)
    if what := _size(one, number):
        yield one.key, *what
    elif one.is_maximum and base is not None and number < base:
        yield one.key, f"is less than `{one.base}`: a job can only ask for less by it"
    elif one.kind == "limit" and not one.is_maximum and request and 0 < number < request:
        yield one.key, f"is less than `{request_key}`: Kubernetes refuses such a pod"


def amount(text: str) -> Fraction | None:
    """The number that a quantity stands for; None where it is none."""
    try:
        return parse_quantity(text.strip())
    except ValueError:
        return None


def _size(one: Resource, number: Fraction) -> tuple[str, ...]:
    if number <= 0:
        return ()
    if one.name == "cpu" and number >= _CORES and not one.is_maximum:
        return (
            f"is {float(number):g} whole cores",
            f"`{float(number):g}m` is {float(number):g}/1000 of a core",
        )
    if one.name in _LEAST and number < _LEAST[one.name]:
        digits = re.sub(r"[^\d.].*", "", one.text)
        return f"is {in_bytes(number)}", f"`{digits}Mi` is what is mostly meant"
    if one.base == "helper_memory_limit" and number < _HELPER:
        return "is little for what clones, packs and sends the log", "give it `64Mi` at least"
    return ()


def in_bytes(number: Fraction) -> str:
    whole = -(-number // 1)
    return "one byte" if whole == 1 else f"{whole} bytes"


def _meant(one: Resource) -> str:
    nearly = _NEARLY.fullmatch(one.text)
    if nearly is None:
        return ""
    unit = nearly[2].upper()
    if one.name == "cpu":
        return ""
    return f"write `{nearly[1]}{unit}i`"
