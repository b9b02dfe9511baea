"""JSON Merge Patch (RFC 7386), and Kubernetes' strategic one, which merges lists by a key."""

from __future__ import annotations

from typing import Any

from podlane.core.pod.patch.problem import PatchProblem

_KEYS = {  # the lists of a pod spec that the API merges, and what tells their items apart
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
}
_DIRECTIVE = "$patch"
_KEPT = "$retainKeys"


def merge_plainly(target: Any, patch: Any) -> Any:
    """RFC 7386: null takes a key away, a list replaces a list."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_plainly(merged.get(key), value)
    return merged


def merge(target: Any, patch: Any) -> Any:
    """As `kubectl patch --type strategic` does for a pod's spec."""
    if not isinstance(patch, dict):
        raise PatchProblem("a strategic merge patch is an object")
    return _object(target if isinstance(target, dict) else {}, patch)


def _object(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    directive = patch.get(_DIRECTIVE)
    own = {key: value for key, value in patch.items() if not key.startswith("$")}
    if directive == "replace":
        return own
    if directive == "delete":
        return {}
    kept = patch.get(_KEPT)
    merged = {key: value for key, value in target.items() if kept is None or key in kept}
    for key, value in own.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            found = merged.get(key)
            merged[key] = _object(found if isinstance(found, dict) else {}, value)
        elif isinstance(value, list) and key in _KEYS:
            merged[key] = _list(merged.get(key) or [], value, key)
        else:
            merged[key] = value
    return merged


def _list(target: list[Any], patch: list[Any], name: str) -> list[Any]:
    key = _KEYS[name]
    if {_DIRECTIVE: "replace"} in patch:
        return [item for item in patch if item != {_DIRECTIVE: "replace"}]
    merged = list(target)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise PatchProblem(f"an item of `{name}` lacks its `{key}`")
        place = next((n for n, one in enumerate(merged) if one.get(key) == item[key]), None)
        is_deleted = item.get(_DIRECTIVE) == "delete"
        if place is None:
            merged += [] if is_deleted else [_object({}, item)]
        elif is_deleted:
            del merged[place]
        else:
            merged[place] = _object(merged[place], item)
    return merged
