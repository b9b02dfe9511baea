"""Whether quotas have room for the jobs that a config runs at once, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from podlane.core.pod.quota import Share, lacks


def pod(
    cpu: str = "1", memory: str = "1Gi", *, deadline: int = 0, whole: str = ""
) -> dict[str, Any]:
    resources = {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu}}
    spec: dict[str, Any] = {"containers": [{"resources": resources}, {"resources": resources}, {}]}
    if deadline:
        spec["activeDeadlineSeconds"] = deadline
    if whole:
        spec["resources"] = {"requests": {"cpu": whole}}
    return {"spec": spec}


def found(
    hard: dict[str, str], *shares: Share, places: int = 10, **spec: Any
) -> list[tuple[str, str, int]]:
    one = {"metadata": {"name": "q"}, "spec": {"hard": hard, **spec}}
    return [(lack.resource, lack.asked, lack.room) for lack in lacks([one], shares, places)]


@pytest.mark.parametrize(
    ("hard", "wanted"),
    [
        ({"cpu": "20"}, []),
        ({"cpu": "19"}, [("cpu", "20", 9)]),
        ({"requests.cpu": "1500m"}, [("requests.cpu", "20", 0)]),
        ({"limits.cpu": "4"}, [("limits.cpu", "20", 2)]),
        ({"requests.memory": "6Gi"}, [("requests.memory", "20Gi", 3)]),
        ({"pods": "7", "count/pods": "70"}, [("pods", "10", 7)]),
        ({"secrets": "15"}, [("secrets", "20", 7)]),
        ({"services": "0", "count/jobs.batch": "0", "limits.memory": "1"}, []),
    ],
)
def test_one_runner(hard: dict[str, str], wanted: list[tuple[str, str, int]]) -> None:
    assert found(hard, Share(pod(), secrets=2)) == wanted


def test_a_limit_of_the_runner_bounds_what_it_asks_for() -> None:
    assert found({"cpu": "6"}, Share(pod(), limit=3)) == []
    assert found({"cpu": "5"}, Share(pod(), limit=3)) == [("cpu", "6", 2)]


def test_the_dearest_runner_counts_first() -> None:
    shares = (Share(pod("1"), limit=5), Share(pod("3"), limit=2))
    assert found({"cpu": "22"}, *shares) == []
    assert found({"cpu": "21"}, *shares) == [("cpu", "22", 6)]
    assert found({"cpu": "12"}, *shares, places=2) == []


def test_requests_of_the_pod_as_a_whole_take_the_place_of_its_containers() -> None:
    assert found({"cpu": "30"}, Share(pod("9", whole="3"))) == []


def test_a_quota_for_other_pods_is_none_of_ours() -> None:
    ended, endless = Share(pod(deadline=60)), Share(pod())
    assert found({"pods": "1"}, endless, scopes=["Terminating"]) == []
    assert found({"pods": "1"}, ended, scopes=["Terminating"]) == [("pods", "10", 1)]
    assert found({"pods": "1"}, ended, scopes=["NotTerminating"]) == []
    assert found({"pods": "1"}, ended, scopes=["BestEffort"]) == []
    selector = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]}
    assert found({"pods": "1"}, ended, scopeSelector=selector) == []
