"""What a soak has shown, for people."""

from __future__ import annotations

from datetime import UTC, datetime

from soak.drive import Result

_HEAD = """# Soak

`make soak N=500 SEED={seed}` plays {count} short jobs on the real cluster, a few at a time, while
things go wrong around them by a schedule that the seed repeats. At the end a ledger is checked:
every job that GitLab handed out ended once and for the right reason, its trace is what its script
printed, its script began at most once, and nothing stays. A job whose own pod was struck may end
as `runner_system_failure`; every other must end as if nothing had happened.

`make soak N=40` is part of the suite.
"""


def table(result: Result) -> str:
    rows = [
        ("jobs", f"{result.count} in {result.seconds / 60:.1f} minutes"),
        ("ends", _counts(result.ends)),
        ("faults", _counts(result.blows)),
        ("pods struck", _counts(result.struck) or "none"),
        ("starts of the manager", str(result.starts)),
        ("memory of the manager, MiB", _memory(result)),
        ("wrong in the ledger", f"{len(result.wrong)}"),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)


def page(result: Result) -> str:
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    head = _HEAD.format(seed=result.seed, count=result.count)
    wrong = "".join(f"- {one}\n" for one in result.wrong) or "The ledger is clean.\n"
    title = f"## The last long run: {today}, seed {result.seed}"
    return f"{head}\n{title}\n```\n{table(result)}\n```\n{wrong}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _memory(result: Result) -> str:
    return ", ".join(f"{value:.1f} after {jobs}" for jobs, value in result.memory.items())
