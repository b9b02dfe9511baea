"""Pause pods: how many there are, since when fewer would do, and what a manifest says of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.config.autoscaler import (
    Autoscaler,
    AutoscalerPolicy,
    Scale,
    Wanted,
    next_scale,
    wanted,
)
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.model import RunnerConfig
from podlane.core.config.parse import parse
from podlane.core.plan.context import RunnerContext
from podlane.core.pod import names, pause
from podlane.core.text.token import Token
from podlane.errors import ConfigError

MONDAY, SUNDAY = datetime(2026, 3, 2, 9), datetime(2026, 3, 1, 9)  # noqa: DTZ001 - a clock's reading
OFFICE = AutoscalerPolicy(("* 8-17 * * mon-fri",), idle_count=5, idle_time="30m")
ALWAYS = AutoscalerPolicy(scale_factor=0.5, scale_factor_limit=4, idle_count=1)


@pytest.mark.parametrize(
    ("settings", "jobs", "reading", "pods", "seconds"),
    [
        (Autoscaler(policy=(OFFICE,)), 0, MONDAY, 5, 1800),
        (Autoscaler(policy=(OFFICE,)), 99, MONDAY, 5, 1800),
        (Autoscaler(policy=(OFFICE,)), 9, SUNDAY, 0, 300),  # no policy: none, after five minutes
        (Autoscaler(policy=(OFFICE, ALWAYS)), 0, MONDAY, 1, 0),  # the last that counts
        (Autoscaler(policy=(ALWAYS, OFFICE)), 0, MONDAY, 5, 1800),
        (Autoscaler(policy=(ALWAYS, OFFICE)), 0, SUNDAY, 1, 0),
        (Autoscaler(policy=(ALWAYS,)), 3, MONDAY, 2, 0),  # half of three, rounded up
        (Autoscaler(policy=(ALWAYS,)), 100, MONDAY, 4, 0),
        (Autoscaler(policy=(AutoscalerPolicy(scale_factor=2),)), 100, MONDAY, 200, 0),
        (Autoscaler(max_pause_pods=3, policy=(OFFICE,)), 0, MONDAY, 3, 1800),
    ],
)
def test_how_many_are_wanted(
    settings: Autoscaler, jobs: int, reading: datetime, pods: int, seconds: float
) -> None:
    assert wanted(settings, jobs, lambda _: reading) == Wanted(pods, seconds)


def test_more_come_at_once_and_fewer_after_the_idle_time() -> None:
    scale = next_scale(0, Scale(), Wanted(3, 60))
    assert scale == Scale(3)
    scale = next_scale(10, scale, Wanted(1, 60))
    assert scale == Scale(3, 10)
    assert next_scale(69, scale, Wanted(1, 60)) == Scale(3, 10)
    assert next_scale(70, scale, Wanted(1, 60)) == Scale(1)
    assert next_scale(60, scale, Wanted(3, 60)) == Scale(3)  # wanted again: the time starts anew
    assert next_scale(60, Scale(3), Wanted(0, 0)) == Scale(0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20)), max_size=40))
def test_there_are_never_fewer_than_wanted_nor_more_than_ever_were(
    steps: list[tuple[int, int]],
) -> None:
    now, scale, most = 0.0, Scale(), 0
    for pods, seconds in steps:
        now += seconds
        scale = next_scale(now, scale, Wanted(pods, 30))
        most = max(most, pods)
        assert pods <= scale.pods <= most


def context(**kubernetes: Any) -> RunnerContext:
    runner = RunnerConfig("https://g.test", Token("glrt-t3_Ab_9xyz"), "n")
    runner = RunnerConfig(runner.url, runner.token, kubernetes=KubernetesConfig(**kubernetes))
    return RunnerContext(runner, "house", "r_AbC123xyzZ0_", "0", {})


@pytest.mark.parametrize(
    ("keys", "cpu", "memory"),
    [
        ({}, None, None),
        ({"cpu_request": "1", "memory_request": "1Gi"}, "1", "1Gi"),
        ({"cpu_request": "1", "helper_cpu_request": "250m"}, "1250m", None),
        ({"cpu_request": "0.5", "helper_cpu_request": "1500u"}, "502m", None),
        ({"memory_limit": "1Gi", "helper_memory_request": "64Mi"}, None, "1140850688"),
        ({"cpu_request": "1", "helper_cpu_request": "1", "pod_cpu_request": "3"}, "3", None),
    ],
)
def test_the_room_of_a_job(keys: dict[str, str], cpu: str | None, memory: str | None) -> None:
    made = pause.deployment(context(**keys), 1, 0)
    container = made["spec"]["template"]["spec"]["containers"][0]
    asked = container.get("resources", {}).get("requests", {})
    assert (asked.get("cpu"), asked.get("memory")) == (cpu, memory)


def test_its_pods_are_not_taken_for_jobs_and_give_way_at_once() -> None:
    made = pause.deployment(context(), 3, 1_700_000_000.9)
    assert made["metadata"]["name"].startswith("runner-pause-")
    assert made["metadata"]["name"].endswith("-r-abc123xyzz0")
    template = made["spec"]["template"]
    assert names.MANAGED_BY not in template["metadata"]["labels"]
    assert made["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert template["spec"]["terminationGracePeriodSeconds"] == 0
    assert template["spec"]["priorityClassName"] == pause.priority_class()["metadata"]["name"]
    assert pause.beat_of(made["metadata"]["annotations"]) == 1_700_000_000
    assert pause.beat_of({pause.HEARTBEAT: "soon"}) == 0
    assert pause.beat_of({}) == 0


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("max_pause_pods = -1", "kubernetes.autoscaler.max_pause_pods` must be 0 or more"),
        ('pause_pod_image = " "', "must name an image"),
        ("policy = [{ periods = ['* *'] }]", "autoscaler.policy[0].periods[0]` is no period"),
        ("policy = [{ idle_time = 'x' }]", "policy[0].idle_time` is no duration"),
        ("policy = [{ scale_factor = -0.5 }]", "policy[0].scale_factor` must be 0 or more"),
        ("policy = [{ scale_factor = inf }]", "policy[0].scale_factor` must be 0 or more"),
    ],
)
def test_what_cannot_be_meant_is_refused(table: str, words: str) -> None:
    text = '[[runners]]\nurl = "https://g.test"\ntoken = "t"\n[runners.kubernetes.autoscaler]\n'
    with pytest.raises(ConfigError) as caught:
        parse(text + table, {})
    assert words in caught.value.message
