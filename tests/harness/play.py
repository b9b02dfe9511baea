"""Plays a scenario on a stage: GitLab, a manager, the jobs, what happens, what was seen.

One runner of scenarios for every stage: a difference between stages is a bug of the embedded one.
"""

from __future__ import annotations

import asyncio
import re
import signal
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from msgspec.structs import replace

from harness import gitlab as gitlab_server
from harness import look, wait
from harness import manager as manager_process
from harness import trace as traces
from harness.gitlab import Gitlab
from harness.manager import Manager
from harness.registry import Registry, registry
from harness.scenario import Event, Expect, JobSpec, RunnerSpec, Scenario, fill, filled, merge
from harness.stage import Pods, Stage
from harness.vault import vault
from podlane.local.coordinator import CoordinatorJob
from stores.scenario import cache_config

WORLD_SECONDS = 10.0
NAMESPACE_SECONDS = 45.0

# opens a scene: `async with scene(config, runners) as play:`
Open = Callable[..., AbstractAsyncContextManager["Play"]]


def config_for(
    stage: Stage,
    gitlab: Gitlab,
    config: dict[str, Any] | None = None,
    runners: tuple[RunnerSpec, ...] = (RunnerSpec(),),
) -> dict[str, Any]:
    """A whole config.toml; each runner is made known to GitLab."""
    entries = []
    for spec in runners:
        known = gitlab.coordinator.register_runner(tags=spec.tags, description=spec.name)
        entry = {
            "executor": "kubernetes",
            "name": spec.name,
            "url": gitlab.coordinator.url,
            "token": known.token,
            "feature_flags": {"FF_TIMESTAMPS": False},
        }
        own = stage.runner()
        words = {"folder": str(stage.folder), "builds": stage.builds}
        entries.append(merge(merge(entry, own), fill(spec.config, words)))
    whole = {"concurrent": 10, "check_interval": 1, "shutdown_timeout": 5}
    return merge(whole, config or {}) | {"runners": entries}


@dataclass
class Play:
    stage: Stage
    gitlab: Gitlab
    manager: Manager
    registry: Registry | None = None
    jobs: dict[str, CoordinatorJob] = field(default_factory=dict)
    pods: Pods = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)

    async def run(self, specs: tuple[JobSpec, ...]) -> None:
        ready = {spec.name: asyncio.Event() for spec in specs}
        async with asyncio.TaskGroup() as group:
            for spec in specs:
                group.create_task(self._job(spec, ready))

    async def _job(self, spec: JobSpec, ready: dict[str, asyncio.Event]) -> None:
        for name in (*spec.needs, *spec.after):
            await ready[name].wait()
        if spec.alone:
            await self.nothing_stays()
        needs = tuple(self.jobs[name] for name in spec.needs)
        job = self.jobs[spec.name] = self.gitlab.enqueue(spec, needs)
        for event in spec.during:
            await self._event(job, event)
        await self.gitlab.coordinator.wait_finished(job.id, spec.expect.seconds)
        ready[spec.name].set()

    async def _event(self, job: CoordinatorJob, event: Event) -> None:
        await self._due(job, event)
        self.gitlab.trouble(event.faults)
        match event.do:
            case "cancel":
                self.gitlab.coordinator.cancel(job.id)
            case "force-cancel":
                self.gitlab.coordinator.force_cancel(job.id)
            case "create":
                await self.stage.create(event.object)
            case "look" | "read-log":
                await self._look(job, event)
            case "":
                pass
            case _:
                if not await self._pods(event.do):
                    await self._server(event.do)

    async def _pods(self, deed: str) -> bool:
        """What happens to the pods of the namespace; whether it is one of these."""
        deeds: dict[str, Callable[[], Awaitable[None]]] = {
            "delete-pods": self.stage.delete_pods,
            "delete-pods-now": partial(self.stage.delete_pods, grace=0),
            "delete-pods-soon": partial(self.stage.delete_pods, grace=2),
            "evict-pods": self.stage.evict_pods,
            "kill-helper": partial(self.stage.kill, "helper"),
            "kill-build": partial(self.stage.kill, "build"),
            "out-of-memory": self.stage.out_of_memory,
        }
        if deed in deeds:
            await deeds[deed]()
        return deed in deeds

    async def _server(self, deed: str) -> None:
        """What happens to the servers around the cluster."""
        verb, _, name = deed.partition("-")
        if deed == "heal-gitlab":
            self.gitlab.coordinator.faults.clear()
        elif name == "registry" and self.registry is not None:
            await getattr(self.registry, verb)()
        else:
            await self._manager(deed)

    async def _look(self, job: CoordinatorJob, event: Event) -> None:
        if event.do == "read-log":
            await self._read_log(job, event)
        else:
            kinds = Counter(name.partition("/")[0] for name in await self.stage.objects())
            kinds["namespaces"] = len(await self.stage.namespaces())
            self.counts[job.name] = kinds

    async def _read_log(self, job: CoordinatorJob, event: Event) -> None:
        async def has_printed() -> bool:
            pod = self.pods_of(job)[-1]["metadata"]["name"]
            self.logs[job.name] = await self.stage.log(pod, "helper")
            return event.when in self.logs[job.name]

        await wait.until("the helper's own output", has_printed, every=0.2)

    async def _due(self, job: CoordinatorJob, event: Event) -> None:
        if event.when:
            await wait.trace_holds(self.gitlab.coordinator, job, event.when)
        if event.state:
            await wait.until(f"state {event.state}", lambda: job.state == event.state)
        if event.has_struck:
            await wait.until("a fault of GitLab", lambda: self.gitlab.has_struck)
        if event.has_pod:
            await wait.until("the job's pod", lambda: bool(self.pods_of(job)))

    async def _manager(self, deed: str) -> None:
        match deed:
            case "kill-manager":
                await self.manager.kill()
                return
            case "start-manager":
                pass
            case "restart-manager":
                await self.manager.kill()
            case "stop-manager":
                assert await self.manager.stop() == 0
            case "interrupt-manager":
                assert await self.manager.stop(signal.SIGINT) == 0
            case other:
                raise ValueError(f"no such event: {other}")
        await self.manager.start()

    def pods_of(self, job: CoordinatorJob) -> list[dict[str, Any]]:
        """Its pods as last seen, in the order of their attempts."""
        mine = {"podlane.dev/job-id": str(job.id)}
        pods = [self.pods[name] for name in sorted(self.pods)]
        return [pod for pod in pods if mine.items() <= pod["metadata"].get("labels", {}).items()]

    def check(self, spec: JobSpec) -> None:
        """Compare what GitLab got, and the job's pods, with what is expected."""
        job, expect = self.jobs[spec.name], spec.expect
        try:
            check(job, expect, self.gitlab)
            if expect.pods is not None:
                assert len(self.pods_of(job)) == expect.pods
            if expect.pod:
                look.check(self.pods_of(job)[-1], expect.pod)
            for kind, count in expect.objects.items():
                assert self.counts[spec.name].get(kind, 0) == count, kind
            self._check_log(self.logs.get(spec.name, ""), expect)
        except AssertionError as error:
            error.add_note(f"in the job `{spec.name}`")
            raise

    def _check_log(self, text: str, expect: Expect) -> None:
        for wanted in expect.helper_log:
            assert wanted in text, f"the helper has not printed: {wanted}"
        for unwanted in expect.lacks:
            assert unwanted not in text, f"the helper has printed: {unwanted}"

    async def nothing_stays(self, seconds: float = WORLD_SECONDS) -> None:
        async def is_empty() -> bool:
            return not await self.stage.objects()

        async def is_bare() -> bool:
            return not await self.stage.namespaces()

        await wait.until("no object with podlane's label", is_empty, seconds, every=0.3)
        await wait.until("no namespace with it", is_bare, NAMESPACE_SECONDS, every=0.3)

    async def tell(self) -> str:
        """All there is to see, for whoever reads a failure."""
        traced = [
            f"--- job {name}: {job.state} {job.failure_reason} {job.exit_code}\n"
            + job.trace.decode(errors="replace")
            for name, job in self.jobs.items()
        ]
        log = f"--- manager\n{self.manager.log[-6000:]}"
        return "\n".join([*traced, log, f"--- {self.stage.name}", await self.stage.describe()])


async def play(scenario: Scenario, stage: Stage) -> None:
    """Play it and check all that it expects."""
    words = {"helper": stage.helper, "python": stage.python, "namespace": stage.home}
    if scenario.registry is None:
        await _play(filled(scenario, words), stage, None)
        return
    async with registry(**scenario.registry) as found:
        words["registry"] = found.address
        await _play(filled(scenario, words), stage, found)


async def _play(scenario: Scenario, stage: Stage, found: Registry | None) -> None:
    folder, repository = stage.folder, stage.repository
    async with (
        cache_config(scenario.store, folder / "store", stage.host) as cache,
        _with_vault(scenario, stage.host) as jobs_there,
        gitlab_server.serve(folder / "gitlab", repository, stage.host) as gitlab,
    ):
        jobs = tuple(spec for spec in jobs_there if spec.only in ("", stage.name))
        gitlab.set_up(scenario.gitlab)
        config = config_for(stage, gitlab, scenario.config, _with(cache, scenario.runners))
        for name in scenario.namespaces:
            await stage.make_namespace(name)
        for manifest in scenario.objects:
            await stage.create(manifest)
        if scenario.enforce:
            await stage.enforce(scenario.enforce)
        stage.trouble(scenario.troubles)
        async with (
            stage.watch_pods() as pods,
            manager_process.running(folder / "manager", config, stage.environ()) as manager,
        ):
            scene = Play(stage, gitlab, manager, found, pods=pods)
            try:
                await scene.run(jobs)
                for spec in jobs:
                    scene.check(spec)
                await scene.nothing_stays()
            except BaseException as error:
                error.add_note(await scene.tell())
                raise


@asynccontextmanager
async def _with_vault(scenario: Scenario, host: str) -> AsyncIterator[tuple[JobSpec, ...]]:
    """The scenario's jobs, which know where its Vault is."""
    with vault(scenario.vault, host) as address:
        yield tuple(replace(spec, payload=_filled(spec.payload, address)) for spec in scenario.jobs)


def _filled(value: Any, address: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, address) for key, item in value.items()}
    return address if value == "{vault}" else value


def _with(keys: dict[str, Any], runners: tuple[RunnerSpec, ...]) -> tuple[RunnerSpec, ...]:
    """Lay a runner's own keys over `keys`."""
    return tuple(replace(spec, config=merge(keys, spec.config)) for spec in runners)


def check(job: CoordinatorJob, expect: Expect, gitlab: Gitlab) -> None:
    assert job.state == expect.state, f"{job.state} {job.failure_reason} {job.exit_code}"
    if expect.failure_reason:
        assert job.failure_reason == expect.failure_reason
    if expect.exit_code is not None:
        assert job.exit_code == expect.exit_code
    assert job.handed_out == 1
    if expect.artifact:
        assert _archive(job) == expect.artifact
    if expect.runner:
        assert gitlab.coordinator.runners.known[job.runner].description == expect.runner
    assert not gitlab.coordinator.calls.breaches
    if expect.checksum:
        assert job.checksum_matches
    if expect.size is not None:
        assert job.trace_size == expect.size
    _check_trace(job.trace, expect)


def _check_trace(trace: bytes, expect: Expect) -> None:
    text = trace.decode(errors="replace")
    for wanted in expect.contains:
        assert wanted in text, f"the trace lacks: {wanted}"
    for unwanted in expect.lacks:
        assert unwanted not in text, f"the trace holds: {unwanted}"
    _check_order(text, expect.in_order)
    for pattern in expect.matches:
        assert re.search(pattern, text, re.MULTILINE), f"nothing in the trace matches: {pattern}"
    for name, wanted in expect.printed.items():
        assert traces.printed(trace, name) == wanted.encode(), f"section {name} differs"


def _check_order(text: str, wanted: tuple[str, ...]) -> None:
    end = 0
    for one in wanted:
        place = text.find(one, end)
        assert place >= 0, f"the trace lacks, or has too early: {one}"
        end = place + len(one)


def _archive(job: CoordinatorJob) -> dict[str, str]:
    with zipfile.ZipFile(job.artifacts["archive"]) as found:
        files = [item for item in found.infolist() if not item.is_dir()]
        return {item.filename: found.read(item).decode() for item in files}
