"""What the scale suite has measured, as a section of docs/reference/measured.md."""

from __future__ import annotations

from datetime import UTC, datetime

from scale.measure import Figures

MARK = "\n## Many jobs at once\n"
_HEAD = """
A real API server, scheduler and etcd with nodes that kwok plays (`make scale`): the jobs' pods are
placed and shown as running, so all that is measured is the manager. It runs on the same two cores
as the API server and GitLab, which take most of them. Measured on {day}.

"""
_ROWS = (
    ("from the hand-outs to the last pod running, s", "launch_seconds", "{:.0f}"),
    ("CPU of the manager for a launch, ms", "launch_cpu", "{:.1f}"),
    ("requests for a launch", "launch_requests", "{:.2f}"),
    ("CPU while all run, % of a core", "quiet_cpu", "{:.2f}"),
    ("requests a second while all run", "quiet_requests", "{:.2f}"),
    ("anonymous memory while all run, MiB", "memory", "{:.0f}"),
    ("after SIGKILL: start of the process until all are known, s", "adopt_seconds", "{:.1f}"),
    ("CPU of that, s", "adopt_cpu", "{:.1f}"),
    ("anonymous memory after it, MiB", "adopt_memory", "{:.0f}"),
    ("peak resident memory of it, MiB", "adopt_peak", "{:.0f}"),
    ("all end at once, until the last object is gone, s", "end_seconds", "{:.0f}"),
    ("CPU of the manager for an end, ms", "end_cpu", "{:.1f}"),
    ("requests for an end", "end_requests", "{:.2f}"),
)
_PER_JOB = {"launch_cpu": 1000, "end_cpu": 1000, "launch_requests": 1, "end_requests": 1}


def table(found: list[Figures]) -> str:
    lines = ["| | " + " | ".join(f"{one.jobs:,} jobs" for one in found) + " |"]
    lines.append("|---|" + "---|" * len(found))
    for text, name, form in _ROWS:
        lines.append(f"| {text} | " + " | ".join(_cell(one, name, form) for one in found) + " |")
    return "\n".join(lines) + "\n"


def _cell(one: Figures, name: str, form: str) -> str:
    value = float(getattr(one, name))
    if name in _PER_JOB:
        value = value * _PER_JOB[name] / one.jobs
    if name == "quiet_cpu":
        value *= 100
    return form.format(value)


def section(found: list[Figures]) -> str:
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    return MARK + _HEAD.format(day=day) + table(found)


def placed(page: str, text: str) -> str:
    """The page with this section in place of its last one."""
    return page.partition(MARK)[0].rstrip("\n") + "\n" + text
