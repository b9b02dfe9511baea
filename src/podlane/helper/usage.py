"""What the job uses, while it runs: the helper's own cgroup, and the build container's through the
lane; where the time before the helper went; and whether memory ran out anywhere.

The figures go to the block at the end of the log (`core.trace.usage`), shortages to sentences
(`core.trace.memory`). Where the pod has no cgroup of its own (`podlane local`) only times are told.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from podlane.core.job.tell import ServiceEnd
from podlane.core.plan.model import JobPlan
from podlane.core.text.quantity import parse_bytes
from podlane.core.trace import memory, usage
from podlane.core.trace.memory import Shortage
from podlane.core.trace.usage import Start, Used
from podlane.helper.lane import Hello, Lane
from podlane.helper.trace import Trace

CGROUP, MEMBER = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.05, 1.0, 1.1
_TICKS = 100  # a second: Linux' USER_HZ, everywhere
_FIRST_TO_DIE = b"1000"


class Meter:
    """`own` is the helper's use. `shortages` are in the order in which they came.

    `lost_in`: the stage in which the build container went. `entered` is told each stage: whoever
    speaks for a helper that was killed must know where it was.
    """

    def __init__(self, plan: JobPlan, lane: Lane, trace: Trace) -> None:
        self.own = Used()
        self.shortages: list[Shortage] = []
        self.stage = self.lost_in = self._lost_where = ""
        self.entered: Callable[[str], None] = lambda _stage: None
        self._settings = plan.usage
        self._lane = lane
        self._trace = trace
        self._killed_before = self._forks_before = 0
        self._launch = _Launch.of(Path(plan.places.pod), plan.usage.received)
        self._first_step_at = 0.0
        self._begins = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True, name="usage")
        trace.listener = self

    def start(self) -> None:
        """Begin to look, again and again."""
        self._look()
        if self._settings.with_cgroup:
            self._thread.start()

    def now(self) -> dict[str, Used]:
        """By container."""
        self._look()
        return {"build": self._lane.used, "helper": self.own}

    def enter(self, stage: str) -> None:
        self.stage = stage
        self.entered(stage)

    def heard(self, line: str) -> None:
        if memory.is_refusal(line):
            self._note("helper", "refused", f" in stage {self.stage}")

    def step_began(self) -> None:
        self._first_step_at = self._first_step_at or time.time()
        self._begin("build")

    def step_ended(self, status: int | None) -> None:
        """A step of the build container is over; `status` None: it was stopped."""
        tail = self._trace.tail
        where = f", running `{tail.command}`" if tail.command else ""
        if self._lane.used.oom > self._killed_before:
            self._note("build", "killed", where)
        elif status and (why := self._refused("build", tail.output)):
            self._note("build", why, where)

    def step_lost(self) -> None:
        """The build container has gone in the middle of a step."""
        self.lost_in = self.stage
        self._lost_where = f", running `{self._trace.tail.command}`"

    def program_began(self, process: int) -> None:
        """A program of the helper's own, such as git: it shall die before the helper does."""
        offer(process)
        self._begin("helper")

    def program_ended(self, name: str, status: int) -> None:
        where = f", running `{name}`"
        if self.now()["helper"].oom > self._killed_before:
            self._note("helper", "killed", where)
        elif status and (why := self._refused("helper", self._trace.tail.output)):
            self._note("helper", why, where)

    def _refused(self, container: str, output: bytes) -> memory.What | None:
        """What the last command did not get: memory, or one process more."""
        if memory.find_fork_refusal(output):  # Java's speaks of memory as well
            return "forks"
        if memory.find_refusal(output):
            return "refused"
        return "forks" if self.now()[container].forks > self._forks_before else None

    def service_ended(self, end: ServiceEnd) -> None:
        """A service has ended in trouble: was it for memory? Its own figures nobody sees."""
        limit = parse_bytes(end.memory_limit)
        if end.reason == "OOMKilled":
            what: memory.What = "ended" if end.exit_code else "killed"
            self.shortages.append(Shortage(end.name, what, used=Used(limit=limit, peak=limit)))
        elif memory.find_refusal(end.tail.encode()):
            self.shortages.append(Shortage(end.name, "refused", used=Used(limit=limit)))

    def _begin(self, container: str) -> None:
        used = self.now()[container]
        self._killed_before, self._forks_before = used.oom, used.forks
        self._trace.tail.begin()
        self._begins.set()

    def _note(self, container: str, what: memory.What, where: str) -> None:
        shortage = Shortage(container, what, where, self.now()[container])
        if all((one.container, one.where) != (container, where) for one in self.shortages):
            self.shortages.append(shortage)

    def sentences(self) -> tuple[str, ...]:
        """What is to be said of memory at the end: one or two lines for each shortage."""
        found = tuple(line for one in self.shortages for line in memory.sentences(one))
        if not self.lost_in:
            return found
        seen = memory.figures(self._lane.used)
        return (
            *found,
            f"The build container went away in {self.lost_in}{self._lost_where} ({seen})",
        )

    def block(self, hello: Hello | None) -> tuple[str, ...]:
        """The lines of the report, none where it is switched off."""
        if not self._settings.is_on:
            return ()
        queued, is_pod = self._settings.queued, self._settings.with_cgroup
        start = self._launch.until(hello, queued) if is_pod else Start(queued)
        containers = self.now() if is_pod else {}
        told = {one.container for one in self.shortages} | ({"build"} if self.lost_in else set())
        return usage.block(start, self._trace.spent, containers, told)

    def waits(self, hello: Hello | None) -> tuple[float, ...]:
        """Seconds: see `LastWord`."""
        received = self._settings.received
        if received <= 0:
            return ()
        start = self._launch.until(hello, 0)
        found = [start.scheduling, start.pulling]
        if self._first_step_at:
            found.append(max(0.0, self._first_step_at - received))
        return tuple(round(seconds, 2) for seconds in found)

    def _look(self) -> None:
        if self._settings.with_cgroup:
            self.own = usage.join(self.own, read(CGROUP))

    def _serve(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            is_new = self._begins.wait(pause)
            self._begins.clear()
            pause = _FIRST_PAUSE if is_new else min(pause * _GROWTH, _LONGEST_PAUSE)
            self._look()
            self._lane.ask()


class _Launch:
    """When the steps before the helper's work were taken, as its files tell: the kubelet writes the
    plan's volume once a node has the pod, and the termination message once the image is there."""

    def __init__(self, received: float, placed: float, begun: float) -> None:
        self._received, self._placed, self._begun = received, placed, begun

    @classmethod
    def of(cls, pod: Path, received: float) -> _Launch:
        """To be called before the helper writes its termination message."""
        now = time.time()
        placed = _changed_at(pod / "plan" / "..data") or _changed_at(pod / "plan" / "plan.0")
        return cls(received, placed or now, now)

    def until(self, hello: Hello | None, queued: float) -> Start:
        known = self._received > 0
        return Start(
            queued=queued,
            scheduling=max(0.0, self._placed - self._received) if known else 0.0,
            pulling=max(0.0, self._begun - self._placed) + _behind(hello),
        )


def offer(process: int) -> None:
    """Let the kernel take this process, with its children, before any other of the container's."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{process}/oom_score_adj").write_bytes(_FIRST_TO_DIE)


def _behind(hello: Hello | None) -> float:
    """Seconds by which the build container began later than the helper: its image came last."""
    stat = _text(Path("/proc/self/stat")).rpartition(") ")[2].split()
    if hello is None or not hello.begun or len(stat) < 20:
        return 0.0
    return max(0.0, (hello.begun - int(stat[19])) / _TICKS)


def read(folder: Path, member: Path = MEMBER) -> Used:
    """What the cgroup in `folder` says of itself, v2 or v1. Where it is the node's whole tree, as a
    privileged container sees it on v2, `member` tells the container's own place in it."""
    if not (folder / "memory.current").exists() and not (folder / "memory").exists():
        kind, _, own = _text(member).partition("::")
        folder = folder / own.strip().lstrip("/") if kind == "0" else folder
    old, cpu = folder / "memory", _words(folder / "cpu.stat").get("usage_usec")
    if (folder / "memory.current").exists():
        events, stat = _words(folder / "memory.events"), _words(folder / "memory.stat")
        return Used(
            limit=_number(folder / "memory.max"),
            peak=_number(folder / "memory.peak"),
            held=stat.get("anon", 0) + stat.get("shmem", 0),
            oom=events.get("oom_kill", 0),
            hits=events.get("max", 0),
            cpu=cpu or 0,
            forks=_words(folder / "pids.events").get("max", 0),
        )
    stat = _words(old / "memory.stat")
    return Used(
        limit=_number(old / "memory.limit_in_bytes"),
        peak=_number(old / "memory.max_usage_in_bytes"),
        held=stat.get("total_rss", 0) + stat.get("total_shmem", 0),
        oom=_words(old / "memory.oom_control").get("oom_kill", 0),
        hits=_number(old / "memory.failcnt"),
        cpu=_number(folder / "cpuacct" / "cpuacct.usage") // 1000,
        forks=_words(folder / "pids" / "pids.events").get("max", 0),
    )


def _words(path: Path) -> dict[str, int]:
    pairs = (line.split() for line in _text(path).splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _number(path: Path) -> int:
    text = _text(path).strip()
    return int(text) if text.isdigit() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _changed_at(path: Path) -> float:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return 0.0
