"""Which namespaces a runner can reach: its own, a list, or any."""

from __future__ import annotations

import pytest

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.reach import Reach, reach_of


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("", Reach("ci", ("ci",))),
        ("^(team-a|team-b)$", Reach("ci", ("ci", "team-a", "team-b"))),
        ("^team-[12]$|^ci$", Reach("ci", ("ci", "team-1", "team-2"))),
        ("(?i)^team$", Reach("ci", ("ci", "team"))),
        ("^No_Name$", Reach("ci", ("ci",))),
        ("team-a|team-b", Reach("ci", ("ci",), is_any=True)),
        ("^team-a|team-b$", Reach("ci", ("ci",), is_any=True)),
        ("^team-.*$", Reach("ci", ("ci",), is_any=True)),
        (".*", Reach("ci", ("ci",), is_any=True)),
    ],
)
def test_reach(pattern: str, expected: Reach) -> None:
    kubernetes = KubernetesConfig(namespace="ci", namespace_overwrite_allowed=pattern)
    assert reach_of(kubernetes) == expected


def test_a_namespace_for_each_job_beats_the_pattern() -> None:
    asked = KubernetesConfig(namespace_per_job=True, namespace_overwrite_allowed="^a$")
    assert reach_of(asked) == Reach("default", ("default",), is_any=True, makes_them=True)
    assert reach_of(asked).holds("ci-job-1")


def test_a_list_holds_its_names_alone() -> None:
    found = reach_of(KubernetesConfig(namespace_overwrite_allowed="^(a|b)$"))
    assert [found.holds(name) for name in ("default", "a", "b", "c")] == [True, True, True, False]
