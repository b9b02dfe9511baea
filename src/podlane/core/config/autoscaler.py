"""`[runners.kubernetes.autoscaler]`: pods that do nothing and hold room on the nodes for jobs.

A job's pod takes the place of one, for their priority is lower; how many there are, the policies
say. Of several policies whose periods cover the moment the last one counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from podlane.core.config import durations, periods
from podlane.core.text.duration import parse_duration

ReadingIn = Callable[[str], datetime]


class AutoscalerPolicy(msgspec.Struct, frozen=True):
    """`[[runners.kubernetes.autoscaler.policy]]`."""

    periods: tuple[str, ...] = ()  # cron; none: always
    timezone: str = ""  # of the periods; empty: the manager's own
    idle_count: int = 0  # at least so many
    idle_time: str = ""  # Go duration: how long more than are wanted are kept
    scale_factor: float = 0  # so many for each job that lives, where that is more
    scale_factor_limit: int = 0  # and at most so many by that; 0: any number


class Autoscaler(msgspec.Struct, frozen=True):
    """`[runners.kubernetes.autoscaler]`; without a policy there are no pause pods."""

    max_pause_pods: int = 0  # 0: any number
    pause_pod_image: str = "registry.k8s.io/pause:3.10"
    pause_pod_priority_class_name: str = ""  # empty: one of podlane's own is made
    pause_pod_image_pull_secrets: tuple[str, ...] = ()
    policy: tuple[AutoscalerPolicy, ...] = ()


_FALLBACK = AutoscalerPolicy(idle_time="5m")  # where no policy's periods cover the moment


class Wanted(msgspec.Struct, frozen=True):
    """How many pause pods there are to be, and for how long more of them are kept."""

    pods: int
    idle_seconds: float


class Scale(msgspec.Struct, frozen=True):
    """How many there are by our last word, and since when fewer would have done."""

    pods: int = 0
    fewer_since: float | None = None


def wanted(settings: Autoscaler, jobs: int, reading_in: ReadingIn) -> Wanted:
    """`jobs` live now; `reading_in` tells what a clock shows now in a time zone."""
    policy = next(
        (
            one
            for one in reversed(settings.policy)
            if periods.covers(one.periods, reading_in(one.timezone or periods.LOCAL))
        ),
        _FALLBACK,
    )
    by_jobs = math.ceil(jobs * policy.scale_factor)
    if policy.scale_factor_limit:
        by_jobs = min(by_jobs, policy.scale_factor_limit)
    pods = max(policy.idle_count, by_jobs)
    if settings.max_pause_pods:
        pods = min(pods, settings.max_pause_pods)
    return Wanted(pods, max(0.0, parse_duration(policy.idle_time or "0")))


def next_scale(now: float, scale: Scale, target: Wanted) -> Scale:
    """More at once, fewer once fewer would have done for all of the idle time."""
    if target.pods >= scale.pods:
        return Scale(target.pods)
    since = now if scale.fewer_since is None else scale.fewer_since
    if now - since >= target.idle_seconds:
        return Scale(target.pods)
    return Scale(scale.pods, since)


def faults(settings: Autoscaler) -> Iterator[tuple[str, str]]:
    if settings.max_pause_pods < 0:
        yield "max_pause_pods", "must be 0 or more"
    if not settings.pause_pod_image.strip():
        yield "pause_pod_image", "must name an image"


def faults_of_policy(policy: AutoscalerPolicy) -> Iterator[tuple[str, str]]:
    yield from periods.faults(policy.periods)
    yield from durations.faults(("idle_time", policy.idle_time))
    for key in ("idle_count", "scale_factor", "scale_factor_limit"):
        if not 0 <= getattr(policy, key) < math.inf:
            yield key, "must be 0 or more"
