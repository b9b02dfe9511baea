"""Whether a namespace's ResourceQuotas have room for the jobs that a config would run at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import msgspec

from podlane.core.text.quantity import parse_quantity

Manifest = dict[str, Any]
_PLAIN = {"cpu": "requests.cpu", "memory": "requests.memory"}
_COUNTS = {"pods": 1, "count/pods": 1}
_SECRETS = ("secrets", "count/secrets")


class Share(msgspec.Struct, frozen=True):
    """Jobs of one runner in the namespace: the pod of one as the API has completed it, the number
    of Secrets of one, and how many may run at once (0: as many as there are places)."""

    pod: Manifest
    secrets: int = 1
    limit: int = 0


class Lack(msgspec.Struct, frozen=True):
    """`resource` of `quota` has room for `room` jobs at once; `asked`: what all of them ask for."""

    quota: str
    resource: str
    hard: str
    asked: str
    room: int


def lacks(quotas: Iterable[Manifest], shares: Iterable[Share], places: int) -> Iterator[Lack]:
    """Say which quotas have no room for `places` jobs, the dearest of the runners' first."""
    known = list(shares)
    for quota in quotas:
        spec = quota.get("spec", {})
        counted = [one for one in known if _is_counted(spec, one.pod)]
        for resource, hard in spec.get("hard", {}).items():
            costs = sorted(((cost(one, resource), one.limit) for one in counted), reverse=True)
            asked, room = _fill(costs, places, parse_quantity(hard))
            if room < min(places, _most(costs, places)):
                name = quota["metadata"]["name"]
                yield Lack(name, resource, hard, _text(asked, resource), room)


def _fill(costs: list[tuple[Fraction, int]], places: int, hard: Fraction) -> tuple[Fraction, int]:
    """What all ask for, and how many jobs there is room for, both with the dearest first."""
    asked, room, left = Fraction(0), 0, places
    for each, limit in costs:
        count = min(left, limit or left)
        left -= count
        if each:
            room += max(0, min(count, int((hard - asked) / each)))
        else:
            room += count
        asked += each * count
    return asked, room


def _most(costs: list[tuple[Fraction, int]], places: int) -> int:
    return places if any(not limit for _, limit in costs) else sum(limit for _, limit in costs)


def cost(share: Share, resource: str) -> Fraction:
    """What one job asks for of a quota's resource; 0 for one that no job uses."""
    if resource in _COUNTS:
        return Fraction(1)
    if resource in _SECRETS:
        return Fraction(share.secrets)
    side, dot, name = _PLAIN.get(resource, resource).partition(".")
    if not dot or side not in ("requests", "limits"):
        return Fraction(0)
    spec = share.pod["spec"]
    whole = _amount(spec, side, name)
    return whole or sum((_amount(one, side, name) for one in spec["containers"]), Fraction(0))


def _amount(owner: Manifest, side: str, name: str) -> Fraction:
    return parse_quantity(str(owner.get("resources", {}).get(side, {}).get(name, "0")))


def _is_counted(spec: Manifest, pod: Manifest) -> bool:
    """A quota may count some pods only: those with a deadline, of a priority, of a quality."""
    if spec.get("scopeSelector"):
        return False  # by priority classes, mostly: that is for the API itself to say
    has_deadline = bool(pod["spec"].get("activeDeadlineSeconds"))
    wanted = {"Terminating": has_deadline, "NotTerminating": not has_deadline}
    return all(wanted.get(scope, False) for scope in spec.get("scopes", ()))


def _text(number: Fraction, resource: str) -> str:
    if not resource.endswith(("memory", "storage")):
        return f"{float(number):g}"
    for unit, size in (("Gi", 1024**3), ("Mi", 1024**2)):
        if number >= size:
            return f"{float(number / size):g}{unit}"
    return str(int(number))
