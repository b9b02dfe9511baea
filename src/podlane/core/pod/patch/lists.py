"""The lists of a strategic merge patch: which the API merges item by item, by what, in which order.

All others are one piece: the patch's list takes the place of the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from podlane.core.pod.patch.problem import PatchProblem

_KEYS = {  # what tells the items of a list of a pod's spec apart
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "resourceClaims": "name",
    "schedulingGates": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "ownerReferences": "uid",  # of a volume claim's template, as are the finalizers
}
_UNITED = ("finalizers",)
_DIRECTIVE = "$patch"
Items = list[Any]
MergeObjects = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


def merge(target: Items, patch: Items, name: str, merge_objects: MergeObjects) -> Items:
    if name in _UNITED:
        both = [*target, *(item for item in patch if item not in target)]
        return in_order(both, patch, target, name)
    if name not in _KEYS or not patch:
        return patch if name not in _KEYS else target
    kept, ordinary = _directed(target, patch, name)
    merged = list(kept)
    for item in ordinary:
        known = _identity(item, name)
        place = next((n for n, one in enumerate(merged) if _identity(one, name) == known), None)
        if place is None:
            merged.append(item)
        else:
            merged[place] = merge_objects(merged[place], item)
    return in_order(merged, ordinary, target, name)


def check_order(order: Items, patch: Items, name: str) -> None:
    """The items of a patch must stand in `$setElementOrder`, one after the other."""
    places = iter([_identity(item, name) for item in order])
    for item in patch:
        is_directed = isinstance(item, dict) and _DIRECTIVE in item
        if not is_directed and _identity(item, name) not in places:
            raise PatchProblem(f"`$setElementOrder/{name}` has not the order of `{name}` beside it")


def in_order(merged: Items, wanted: Iterable[Any], before: Items, name: str) -> Items:
    """Put items as the patch has them, the others between them as far as they came before.

    Each list keeps its own order. Of the two that are next, one that the patch does not have goes
    first only if the other was there as well, and behind it.
    """
    order = [_identity(item, name) for item in wanted]
    old = [_identity(item, name) for item in before]
    patched = [item for item in merged if _identity(item, name) in order]
    patched.sort(key=lambda item: order.index(_identity(item, name)))
    others = [item for item in merged if _identity(item, name) not in order]
    found: Items = []
    while patched and others:
        one, other = _identity(patched[0], name), _identity(others[0], name)
        is_behind = one in old and other in old and old.index(other) < old.index(one)
        found.append((others if is_behind else patched).pop(0))
    return [*found, *patched, *others]


def _directed(target: Items, patch: Items, name: str) -> tuple[Items, Items]:
    """What the directives of single items leave of the target, and the patch's other items."""
    kept, ordinary, is_replaced = target, [], False
    for item in patch:
        if not isinstance(item, dict):
            raise PatchProblem(f"an item of `{name}` is no object")
        match item.get(_DIRECTIVE):
            case None:
                ordinary.append(item)
            case "delete":
                gone = _identity(item, name)
                kept = [one for one in kept if _identity(one, name) != gone]
            case "replace":
                is_replaced = True
            case other:
                what = f"`$patch` in `{name}` is neither replace nor delete: {str(other)[:60]!r}"
                raise PatchProblem(what)
    return ([] if is_replaced else kept), ordinary


def _identity(item: Any, name: str) -> Any:
    key = _KEYS.get(name)
    if key is None:
        return item
    if not isinstance(item, dict) or key not in item:
        raise PatchProblem(f"an item of `{name}` lacks its `{key}`")
    return item[key]
