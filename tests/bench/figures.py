"""What is measured: the bar it must pass, and the figure of gitlab-runner on such a machine."""

from __future__ import annotations

import msgspec


class Bar(msgspec.Struct, frozen=True):
    what: str
    unit: str
    limit: float
    theirs: str  # gitlab-runner 17.5, the same kind of machine and cluster


BARS = {
    "first_line": Bar("job handed out → first script line", "s", 1.3, "4.46 s"),
    "final_status": Bar("trivial job handed out → final status", "s", 1.45, "4.84 s"),
    "cpu_trivial": Bar("manager CPU per trivial job", "s", 0.012, "0.073 s"),
    "cpu_long_log": Bar("manager CPU for a job with 60 MB of log", "s", 0.012, "2.4 s"),
    "memory": Bar("manager memory (peak resident), 20 jobs at once", "MiB", 60, "192 MiB"),
    "deployed_wait": Bar(
        "in the cluster with 100m CPU, 20 jobs at once: handed out → pod made, 95th percentile",
        "s",
        1.0,
        "",
    ),
    "deployed_memory": Bar("the same: manager memory (peak anonymous), limit 100Mi", "MiB", 60, ""),
    "requests": Bar("API requests per job from the manager, beside its watches", "", 5, "24 to 33"),
    "clone_fetch": Bar("clone of 5,000 files: fetched", "s", 2.0, ""),
    "clone_checkout": Bar("the same: checked out (mostly the file system)", "s", 5.0, ""),
    "clone_cpu": Bar("CPU of helper and git for the job that cloned them", "s", 4.0, ""),
    "clone_memory": Bar("helper memory (peak resident) in it, limit 128Mi", "MiB", 128, ""),
    "cache_save": Bar("cache of 500 MB, 5,000 files: packed and uploaded", "s", 5.5, "11 s"),
    "cache_restore": Bar("the same cache: downloaded and unpacked", "s", 3.0, "6 s"),
    "cache_unchanged": Bar("the same cache, unchanged: seen to be so", "s", 2.0, ""),
    "cache_cpu_save": Bar("helper CPU for the job that saved it", "s", 3.0, ""),
    "cache_cpu_restore": Bar("helper CPU for the job that restored it", "s", 3.0, ""),
    "cache_memory": Bar("helper memory (peak resident) in both, limit 128Mi", "MiB", 128, ""),
    "artifacts_up": Bar("artifacts of the same tree: packed and uploaded", "s", 5.5, ""),
    "artifacts_down": Bar("the same artifacts: downloaded and unpacked", "s", 4.0, ""),
    "artifacts_cpu_up": Bar("helper CPU for the job that uploaded them", "s", 3.0, ""),
    "artifacts_cpu_down": Bar("helper CPU for the job that downloaded them", "s", 3.0, ""),
    "artifacts_memory": Bar("helper memory (peak resident) in both, limit 128Mi", "MiB", 128, ""),
    "log_tail": Bar("60 MB of log, end of script → GitLab has it all", "s", 2.0, "4.1 s"),
}


class Figures(msgspec.Struct, frozen=True):
    """Each figure is a median, but for memory, which is a peak. `spread`: least and most."""

    medians: dict[str, float]
    spread: dict[str, tuple[float, float]]
    requests: dict[str, int]  # verb and resource → requests, over all the trivial jobs
    jobs: int
