"""Kubernetes' strategic merge patch, as `kubectl patch --type strategic` does it to a pod's spec;
and JSON Merge Patch (RFC 7386), which knows no lists.

Lists are in `lists.py`. What kubectl itself says to a table of patches is in
tests/core/pod/patches.
"""

from __future__ import annotations

from typing import Any

from podlane.core.pod.patch import lists
from podlane.core.pod.patch.problem import PatchProblem

_DIRECTIVE, _KEPT = "$patch", "$retainKeys"
_ORDER, _TAKEN_AWAY = "$setElementOrder/", "$deleteFromPrimitiveList/"
Object = dict[str, Any]


def merge_plainly(target: Any, patch: Any) -> Any:
    """RFC 7386: null takes a key away, a list replaces a list; in it, null says nothing."""
    if isinstance(patch, list):
        return [merge_plainly(None, item) for item in patch]
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
    if not isinstance(patch, dict):
        raise PatchProblem("a strategic merge patch is an object")
    return _object(target if isinstance(target, dict) else {}, patch)


def _object(target: Object, patch: Object) -> Object:
    if _DIRECTIVE in patch:
        return _replaced(patch)
    merged = _retained(target, patch)
    orders = {key: value for key, value in patch.items() if key.startswith(_ORDER)}
    named = {key.removeprefix(_ORDER) for key in orders}
    for key, value in patch.items():
        if key.startswith(_TAKEN_AWAY):
            _take_away(merged, key.removeprefix(_TAKEN_AWAY), value)
        elif key != _KEPT and key not in orders and key not in named:
            _put(merged, key, value)
    for key, order in orders.items():
        _put_in_order(merged, key.removeprefix(_ORDER), order, patch)
    return merged


def _replaced(patch: Object) -> Object:
    match patch[_DIRECTIVE]:
        case "replace":
            return {key: value for key, value in patch.items() if key != _DIRECTIVE}
        case "delete":
            return {}
        case other:
            raise PatchProblem(f"`$patch` is neither replace nor delete: {str(other)[:60]!r}")


def _retained(target: Object, patch: Object) -> Object:
    """What `$retainKeys` leaves of the target; it must name all that the patch itself sets."""
    if _KEPT not in patch:
        return dict(target)
    kept = patch[_KEPT]
    if not isinstance(kept, list):
        raise PatchProblem("`$retainKeys` is no list")
    for key, value in patch.items():
        is_known = key == _KEPT or key in kept or key.startswith((_ORDER, _TAKEN_AWAY))
        if value is not None and not is_known:
            raise PatchProblem(f"`$retainKeys` lacks `{key}`, which stands beside it")
    return {key: value for key, value in target.items() if key in kept}


def _put(merged: Object, key: str, value: Any) -> None:
    found = merged.get(key)
    if value is None:
        merged.pop(key, None)
    elif key not in merged:
        if not _is_directed(value):
            merged[key] = _new(value)
    elif isinstance(found, dict) and isinstance(value, dict):
        merged[key] = _object(found, value)
    elif isinstance(found, list) and isinstance(value, list):
        merged[key] = lists.merge(found, value, key, _object)
    else:
        merged[key] = value


def _put_in_order(merged: Object, key: str, order: Any, patch: Object) -> None:
    """The list of `key` once it is patched, in the order that `$setElementOrder` asks for."""
    found, value = merged.get(key), patch.get(key)
    if not isinstance(order, list) or not isinstance(value, list | None):
        raise PatchProblem(f"`{_ORDER}{key}` is for lists, and is one itself")
    lists.check_order(order, value or [], key)
    if key not in merged and value is None:
        return
    if value is not None:
        _put(merged, key, value)
    merged[key] = lists.in_order(merged.get(key) or [], order, found or [], key)


def _take_away(merged: Object, key: str, values: Any) -> None:
    found = merged.get(key)
    if isinstance(found, list) and isinstance(values, list):
        merged[key] = [item for item in found if item not in values]


def _new(value: Any) -> Any:
    """What is added where nothing was: null says nothing, and there is nothing to be directed."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if item is not None}
        return {key: _new(item) for key, item in kept.items() if not _is_directed(item)}
    if isinstance(value, list):
        return [_new(item) for item in value if not _is_directed(item)]
    return value


def _is_directed(value: Any) -> bool:
    return isinstance(value, dict) and _DIRECTIVE in value
