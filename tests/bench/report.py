"""The figures as a page of the reference, beside their bars."""

from __future__ import annotations

import os
from pathlib import Path

from bench.figures import BARS, Figures


def table(figures: Figures) -> str:
    head = "| what | podlane | least to most | bar | of the bar | gitlab-runner 17.5 |"
    rows = [head, "|---|---|---|---|---|---|"]
    for name, bar in BARS.items():
        value = figures.medians[name]
        low_high = figures.spread.get(name)
        between = f"{low_high[0]:.3g} to {low_high[1]:.3g}" if low_high else ""
        shown, limit = f"{value:.3g} {bar.unit}".strip(), f"≤ {bar.limit:g} {bar.unit}".strip()
        ratio = f"{value / bar.limit:.0%}"
        rows.append(f"| {bar.what} | {shown} | {between} | {limit} | {ratio} | {bar.theirs} |")
    return "\n".join(rows)


def page(figures: Figures) -> str:
    asked = ", ".join(f"{what}: {count}" for what, count in sorted(figures.requests.items()))
    return f"""# Measured

Written by `make bench`: the real one-node cluster of `tests/cluster`, the embedded coordinator as
GitLab, images present, a clone of 200 files, bash in the build image, jobs one after the other;
medians of {figures.jobs} (the long log: of 3), memory a peak. The manager runs beside the cluster
on the same machine: {_machine()}.
The figures of gitlab-runner 17.5 were taken on the same kind of machine.

{table(figures)}

CPU is that of the manager from one job's end to the next one's, jobs in a row: the question that
brings it, its launch, the watches' events, and the removal of the objects of the one before.

The manager in the cluster is that of `podlane deploy apply`; three crowds of 20 jobs. From GitLab's
answer to the API server's, by its audit log.

The cache: 5,000 files of 27 kB and 4 of 95 MB of base64 noise, versitygw on the same machine, the
helper's container limited to 128Mi; medians of 3. Its times are those of the log's lines. On ext4 a
file is made some ten times more slowly in the minutes after many were deleted at its side (the
kernel passes over inodes that were freed just now), as they are when the pod before has gone: that
is in the figures for the restore and for the checkout, whose CPU is the kernel's in that.

The artifacts: the same tree, to the embedded coordinator and back, limit and medians alike.

Requests of the manager for {figures.jobs} jobs, beside its watches: {asked}.
"""


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    model = models[0] if models else "unknown processor"
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB of memory"
