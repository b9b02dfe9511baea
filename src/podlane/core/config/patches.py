"""What the file alone shows to be wrong with `[[runners.kubernetes.pod_spec]]`.

Whether a patch fits the pod, and whether Kubernetes takes what comes of it, only a job can show.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from podlane.core.config.container import PodSpecPatch

TYPES = ("json", "merge", "strategic")


def faults(one: PodSpecPatch) -> Iterator[tuple[str, ...]]:
    if kind(one) not in TYPES:
        yield "patch_type", f"must be one of: {', '.join(TYPES)}"
    if one.patch and one.patch_path:
        yield "patch_path", "stands beside `patch`, and one patch has one text", "leave one of them"
    elif what := patch_fault(one):
        yield "patch", what


def kind(one: PodSpecPatch) -> str:
    return one.patch_type.lower() or "strategic"


def patch_fault(one: PodSpecPatch) -> str:
    """What is wrong with the text itself; "" for nothing."""
    try:
        patch = read(one)
    except ValueError as error:
        return str(error)
    if patch is None:
        return ""
    if kind(one) == "json":
        is_list = isinstance(patch, list) and all(isinstance(item, dict) for item in patch)
        return "" if is_list else "is no list of operations, which a JSON patch is"
    return "" if isinstance(patch, dict) else f"is no object, which a {kind(one)} patch is"


def read(one: PodSpecPatch) -> Any:
    """The patch as plain values; None for an empty one. ValueError for what cannot be read."""
    try:
        return json.loads(json.dumps(yaml.load(one.patch, _Loader), allow_nan=False))
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise ValueError(f"is neither YAML nor JSON: {_in_one_line(error)}") from None


def _in_one_line(error: Exception) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())[:200]
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1} of it: {str(error.problem)[:200]}"


class _Loader(yaml.SafeLoader):
    """Dates stay the texts that they are in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
