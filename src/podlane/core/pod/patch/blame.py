"""Which patch the API's refusal of a pod is about: each patch's changes stand in an annotation.

They go with the pod's manifest, so that any manager that makes the pod can tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

PATCHES = "podlane.dev/pod-spec-patches"
Changes = dict[str, list[str]]
"""The patch, by its number and name, and the keys of the spec that it changes."""
_FIELD = re.compile(r"\bspec\.([A-Za-z]+)")


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return sorted(key for key in {*before, *after} if before.get(key) != after.get(key))


def written(changes: Changes) -> dict[str, str]:
    return {PATCHES: msgspec.json.encode(changes).decode()} if changes else {}


def hint(annotations: Mapping[str, str], message: str) -> str:
    """What to do about a refusal that names fields which patches have changed; "" otherwise."""
    try:
        changes = msgspec.json.decode(annotations.get(PATCHES, "{}"), type=Changes)
    except msgspec.MsgspecError:
        return ""
    named = set(_FIELD.findall(message))
    suspects = [name for name, keys in changes.items() if named & set(keys)]
    if not suspects:
        return ""
    keys = sorted({f"`{key}`" for name in suspects for key in named & set(changes[name])})
    return (
        f"a likely cause is the runner's pod_spec patch {' or '.join(suspects)}, which changes "
        f"{' and '.join(keys)}: mend it under [[runners.kubernetes.pod_spec]]; `podlane plan` "
        "shows the pod that comes of it"
    )
