"""Applies the patches of `[[runners.kubernetes.pod_spec]]`, in order, to a finished pod spec.

They are written for gitlab-runner's pods, where the build container comes first, then the helper,
then the services by name. A patch that counts containers (`/containers/0`) is shown them so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from podlane.core.config import patches as written
from podlane.core.config.container import PodSpecPatch
from podlane.core.pod.patch import blame, json_patch, strategic
from podlane.core.pod.patch.problem import PatchProblem
from podlane.errors import JobRefused

Spec = dict[str, Any]
FLAG = "FF_USE_ADVANCED_POD_SPEC_CONFIGURATION"
_KINDS: dict[str, Callable[[Spec, Any], Any]] = {
    "json": json_patch.apply,
    "merge": strategic.merge_plainly,
    "strategic": strategic.merge,
}
_FIRST = ("build", "helper")


class Patched(msgspec.Struct, frozen=True):
    spec: Spec
    changes: blame.Changes = {}


def patched(spec: Spec, patches: tuple[PodSpecPatch, ...]) -> Patched:
    """Return the patched spec. JobRefused, naming the patch, when one does not fit."""
    changes: blame.Changes = {}
    for number, one in enumerate(patches, start=1):
        name = f"{number}" + (f" ({one.name[:60]!r})" if one.name else "")
        try:
            before, spec = spec, _apply(spec, one)
        except PatchProblem as problem:
            raise JobRefused(
                f"The runner's pod_spec patch {name} cannot be applied: {problem}",
                hint="mend it under [[runners.kubernetes.pod_spec]]; "
                "`podlane plan` shows the pod that comes of it",
                reference="pod-spec",
            ) from None
        if keys := blame.changed(before, spec):
            changes[name] = keys
    return Patched(spec, changes)


def _apply(spec: Spec, one: PodSpecPatch) -> Spec:
    how = _KINDS.get(written.kind(one))
    if how is None:
        raise PatchProblem(f"`patch_type` is none of {', '.join(_KINDS)}: {one.patch_type[:60]!r}")
    try:
        patch = written.read(one)
    except ValueError as error:
        raise PatchProblem(f"it {error}") from None
    if patch is None:
        return spec
    found: Spec = how(spec | {"containers": sorted(spec["containers"], key=_place_there)}, patch)
    names = [one.get("name") for one in _containers(found)]
    if sorted(name for name in names if name in _FIRST) != sorted(_FIRST):
        raise PatchProblem("the containers `build` and `helper` must stay")
    return found | {"containers": sorted(found["containers"], key=_place_here)}


def _containers(found: Any) -> list[Spec]:
    listed = found.get("containers") if isinstance(found, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise PatchProblem("no list of containers is left")
    return listed


def _place_there(container: Spec) -> tuple[int, str]:
    name = str(container.get("name"))
    return (_FIRST.index(name), "") if name in _FIRST else (len(_FIRST), name)


def _place_here(container: Spec) -> int:
    """The helper first: kubelet starts containers in order."""
    return ("helper", "build").index(str(container["name"])) if container["name"] in _FIRST else 2
