"""The harness itself: what a scenario's `pod:` finds and refuses, and what `at:` lays over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import look, scenario

POD = {
    "metadata": {"labels": {"podlane.dev/job-id": "7"}},
    "spec": {"containers": [{"name": "helper", "args": ["a", "b"]}, {"name": "build"}]},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("spec.containers[helper].args", ["a", "b"]),
        ("spec.containers[1].name", "build"),
        ("spec.containers[9].name", None),
        ("spec.containers[svc-0].name", None),
        ("metadata.labels[podlane.dev/job-id]", "7"),
        ("status.phase", None),
    ],
)
def test_a_path_finds_its_value(path: str, found: Any) -> None:
    assert look.find(POD, path) == found


@pytest.mark.parametrize(
    ("found", "wish", "is_so"),
    [
        (7, 7, True),
        (None, None, True),
        ("text", None, False),
        ("a text", {"matches": "^a"}, True),
        ("a text", {"matches": "^b"}, False),
        (["a"], {"has": "a"}, True),
        (None, {"has": "a"}, False),
        (["a"], {"lacks": "a"}, False),
        (None, {"lacks": "a"}, True),
        ([{"name": "x"}], {"names": ["x"]}, True),
        ([{"name": "x"}], {"names": []}, False),
        ({"drop": ["ALL"]}, {"drop": ["ALL"]}, True),
    ],
)
def test_a_value_agrees_with_a_wish(found: Any, wish: Any, *, is_so: bool) -> None:
    assert look.agrees(found, wish) is is_so


def test_a_stage_lays_its_own_over_all_parts(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(
        """
about: x
jobs: [{script: [a], at: {cluster: {image: b}}, expect: {lacks: [c], at: {embedded: {pods: 1}}}}]
at: {cluster: {stages: [cluster]}}
"""
    )
    here, there = scenario.load(path, "embedded"), scenario.load(path, "cluster")
    assert (here.jobs[0].image, here.jobs[0].expect.pods, here.stages) == ("", 1, scenario.STAGES)
    assert (there.jobs[0].image, there.jobs[0].expect.pods) == ("b", None)
    assert there.stages == ("cluster",)
