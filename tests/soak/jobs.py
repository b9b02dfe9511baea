"""What the jobs of a soak do, and what each must have printed.

Each tells a counter beside GitLab that its script has begun: a job that runs twice is seen though
its trace be whole.
"""

from __future__ import annotations

import re

from harness.scenario import JobSpec
from podlane.local.coordinator import CoordinatorJob
from soak.schedule import Deal


def spec(deal: Deal, counter: str) -> JobSpec:
    """`counter`: the address that is told."""
    said = f"{counter}/{deal.number}"
    begin = f"wget -q -O /dev/null {said} 2>/dev/null || curl -s -o /dev/null {said} || true"
    half = deal.lines // 2
    script = [begin, _print(deal, 1, half), f"sleep {deal.seconds}"]
    script.append(_print(deal, half + 1, deal.lines))
    if deal.kind == "full":
        script.append("dd if=/dev/zero of=/small/full bs=65536 count=256 2>/dev/null")
    elif deal.code:
        script.append(f"exit {deal.code}")
    return JobSpec(name=f"job-{deal.number}", script=tuple(script), timeout=300)


def _print(deal: Deal, first: int, last: int) -> str:
    return (
        f"i={first - 1}; while [ $i -lt {last} ]; do i=$((i+1)); "
        f'echo "job {deal.number} line $i"; done'
    )


def printed(deal: Deal, job: CoordinatorJob) -> list[int]:
    """The numbers of the lines that stand in its trace, in their order there."""
    line = re.compile(rb"^job %d line (\d+)\r?$" % deal.number, re.M)
    return [int(number) for number in line.findall(job.trace)]
