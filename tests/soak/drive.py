"""Plays a soak on a stage: jobs a few at a time, faults in between, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from bench.process import anonymous_mib
from harness import gitlab, play, wait
from harness.manager import Manager
from harness.scenario import RunnerSpec
from harness.stage import Stage
from podlane.local.coordinator import CoordinatorJob, Fault
from podlane.local.coordinator.faults import Kind
from soak import deeds, ledger
from soak.counter import counting
from soak.jobs import spec
from soak.schedule import Blow, Deal, blows, deals

_TAKE_BACK = 45.0  # GitLab's own is two minutes; podlane speaks of each job every 30 s at least
_JOB_SECONDS = 240.0
_END_SECONDS = 90.0
_SMALL = {"name": "small", "mount_path": "/small", "medium": "Memory", "size_limit": "4Mi"}
_GITLAB: dict[str, tuple[str, Kind]] = {
    "gitlab-500": ("*", "status"),
    "gitlab-drops": ("*", "drop"),
    "gitlab-loses-answers": ("*", "drop_after"),
    "gitlab-slow": ("*", "slow"),
    "gitlab-forgets": ("trace", "lose"),
}


@dataclass
class Result:
    """`memory`: MiB of the manager by the number of jobs that had ended. `wrong`: nothing, if all
    is well."""

    seed: int
    count: int
    seconds: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    memory: dict[int, float] = field(default_factory=dict)
    starts: int = 1
    wrong: list[str] = field(default_factory=list)


class Drive:
    def __init__(self, stage: Stage, served: gitlab.Gitlab, manager: Manager, seed: int) -> None:
        self._stage, self._served, self._manager = stage, served, manager
        self._deeds = deeds.of(stage)
        self._seed = seed
        self._jobs: dict[int, CoordinatorJob] = {}
        self._struck: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
        self._ended = 0
        self._changed = asyncio.Event()

    async def run(self, count: int, width: int, counter: str, runs: Counter[int]) -> Result:
        result, began = Result(self._seed, count), time.monotonic()
        given, slots = deals(self._seed, count), asyncio.Semaphore(width)
        async with asyncio.TaskGroup() as group:
            blowing = group.create_task(self._blow(result))
            for deal in given:
                await slots.acquire()
                made = self._served.enqueue(spec(deal, counter))
                self._jobs[deal.number] = made
                self._changed.set()
                group.create_task(self._follow(deal, made, slots, result))
            await blowing
        await self._nothing_stays(result)
        result.seconds = time.monotonic() - began
        result.wrong += ledger.check(given, self._jobs, runs, self._struck)
        result.wrong += self._log_faults()
        result.ends.update(
            f"{job.state} {job.failure_reason}".strip() for job in self._jobs.values()
        )
        return result

    async def _follow(
        self, deal: Deal, job: CoordinatorJob, slots: asyncio.Semaphore, result: Result
    ) -> None:
        served = self._served.coordinator
        try:
            if deal.kind == "canceled":
                first = f"job {deal.number} line 1\n".encode()
                await served.wait_until(
                    job.id, lambda job: first in job.trace or job.is_over, _JOB_SECONDS
                )
                served.cancel(job.id)
            await served.wait_finished(job.id, _JOB_SECONDS)
        except TimeoutError as error:
            result.wrong.append(f"job {deal.number} ({deal.kind}): {error}")
        finally:
            self._ended += 1
            if self._ended % 50 == 0:
                with contextlib.suppress(ProcessLookupError):  # it is being killed just now
                    result.memory[self._ended] = anonymous_mib(self._manager.pid)
            slots.release()

    async def _blow(self, result: Result) -> None:
        for blow in blows(self._seed, result.count):
            while len(self._jobs) < blow.at:
                self._changed.clear()
                await self._changed.wait()
            await asyncio.sleep(blow.seconds / 4)
            await self._strike(blow, result)
            result.blows[blow.kind] += 1

    async def _strike(self, blow: Blow, result: Result) -> None:
        if blow.kind == "kill-manager":
            await self._manager.kill()
            await asyncio.sleep(blow.seconds / 3)
            await self._manager.start()
            result.starts += 1
        elif blow.kind == "api-away":
            await self._deeds.take_api_away(blow.seconds)
        elif blow.kind in _GITLAB:
            self._upset_gitlab(blow)
        else:
            await self._strike_a_pod(blow, result)

    def _upset_gitlab(self, blow: Blow) -> None:
        call, kind = _GITLAB[blow.kind]
        times = 1 if kind == "lose" else 5 + blow.pick % 20
        until, seconds = time.time() + blow.seconds, min(blow.seconds, 3)
        fault = Fault(call, kind, seconds=seconds, times=times, until=until)
        self._served.coordinator.faults.add(fault)

    async def _strike_a_pod(self, blow: Blow, result: Result) -> None:
        pods = await self._deeds.pods()
        if not pods:
            return
        pod = pods[blow.pick % len(pods)]
        numbers = {job.id: number for number, job in self._jobs.items()}
        number = numbers[deeds.job_id(pod)]
        self._struck[number] += (blow.kind,)
        result.struck[blow.kind] += 1
        await self._deeds.strike(blow.kind, pod)

    async def _nothing_stays(self, result: Result) -> None:
        async def is_empty() -> bool:
            return not await self._stage.objects()

        try:
            await wait.until("no object with podlane's label", is_empty, _END_SECONDS, every=0.5)
        except TimeoutError:
            left = await self._stage.objects()
            result.wrong.append(f"objects stay after the last job: {', '.join(left)}")

    def _log_faults(self) -> list[str]:
        log = self._manager.log
        tokens = [job.token for job in self._jobs.values()]
        tokens += list(self._served.coordinator.runners.known)
        wrong = ["a token stands in the manager's log" for one in tokens if one in log]
        if "Traceback" in log:
            wrong.append("the manager's log has a traceback")
        return wrong + list(self._served.coordinator.calls.breaches)


async def soak(stage: Stage, count: int, seed: int, width: int = 8) -> Result:
    """Play it. The manager runs beside the cluster, so that it can be killed and looked at."""
    small = {"volumes": {"empty_dir": [_SMALL]}} if stage.name == "cluster" else {}
    settings = {"kubernetes": {"pod_termination_grace_period_seconds": 10, **small}}
    async with (
        gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served,
        counting(stage.host) as (counter, runs),
    ):
        queue = served.coordinator.queue
        queue.two_phase, queue.take_back_after = True, _TAKE_BACK
        config = play.config_for(
            stage, served, {"concurrent": width}, (RunnerSpec(config=settings),)
        )
        manager = Manager(stage.folder / "manager", config, stage.environ())
        await manager.start()
        try:
            return await Drive(stage, served, manager, seed).run(count, width, counter, runs)
        finally:
            await manager.stop()
