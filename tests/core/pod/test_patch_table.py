"""What comes of a table of patches is what kubectl makes of them; see harness/kubectl_patch.py."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from harness import kubectl_patch
from podlane.core.pod.patch import json_patch, strategic
from podlane.core.pod.patch.problem import PatchProblem

TABLE = kubectl_patch.table()
RESULTS = kubectl_patch.results()
SPEC: dict[str, Any] = TABLE["pod"]["spec"]
APPLY: dict[str, Callable[[Any, Any], Any]] = {
    "strategic": strategic.merge,
    "merge": strategic.merge_plainly,
    "json": json_patch.apply,
}


@pytest.mark.parametrize("one", TABLE["patches"], ids=lambda one: str(one["about"]))
def test_patch_gives_what_kubectl_gives(one: dict[str, Any]) -> None:
    spec, patch = copy.deepcopy(SPEC), copy.deepcopy(one["patch"])
    try:
        found: Any = APPLY[one.get("type", "strategic")](spec, patch)
    except PatchProblem:
        found = kubectl_patch.REFUSED
    if found != kubectl_patch.REFUSED:
        found = kubectl_patch.changes(SPEC, found)
    assert found == RESULTS[one["about"]]
    assert (spec, patch) == (SPEC, one["patch"]), "neither of the two may be changed"


def test_table_and_results_are_of_one_piece() -> None:
    names = [one["about"] for one in TABLE["patches"]]
    assert names == list(RESULTS)
    assert len(names) == len(set(names))
