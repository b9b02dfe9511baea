"""One job's helper and loop as processes on this machine, with the embedded GitLab."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import msgspec

from podlane.core.job.tell import Told, encode_told
from podlane.core.job.word import LastWord, parse_word
from podlane.core.plan.model import (
    VERSION,
    EnvVariable,
    GitLabAccess,
    JobIdentity,
    JobPlan,
    Limits,
    Places,
    Script,
    Sources,
    TraceSettings,
)
from podlane.core.pod.loop import LOOP
from podlane.core.text import token
from podlane.core.text.token import Token
from podlane.local.coordinator import Coordinator, CoordinatorJob

REPOSITORY = {"hello.txt": "hello\n", "sub/inner.txt": "inner\n"}


def git(folder: Path, *words: str) -> str:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.test",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.test",
    }
    done = subprocess.run(
        ["git", *words], cwd=folder, env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def make_repository(folder: Path, files: dict[str, str] = REPOSITORY) -> str:
    """Make a repository of one commit on `main` and return its sha."""
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return git(folder, "rev-parse", "HEAD")


@dataclass
class Rig:
    coordinator: Coordinator
    root: Path
    job: CoordinatorJob
    sha: str
    plan: JobPlan
    helper: Process | None = None
    loop: Process | None = None
    errors: bytes = b""
    processes: list[Process] = field(default_factory=list)

    @property
    def pod(self) -> Path:
        return Path(self.plan.places.pod)

    @property
    def project(self) -> Path:
        return Path(self.plan.places.project)

    @property
    def trace(self) -> str:
        return self.job.trace.decode()

    @property
    def word(self) -> LastWord:
        word = parse_word((self.pod / "termination").read_text())
        assert word is not None
        return word

    def change(self, **changes: Any) -> None:
        self.plan = msgspec.structs.replace(self.plan, **changes)

    def change_part(self, part: str, **changes: Any) -> None:
        self.change(**{part: msgspec.structs.replace(getattr(self.plan, part), **changes)})

    def next_job(self) -> CoordinatorJob:
        """A further job for the same working copy, in a pod of its own."""
        self.job = self.coordinator.enqueue()
        self.job.is_graceful = True
        self.job.enter("running")
        pod = self.root / f"pod-{self.job.id}"
        for name in ("lane", "spool", "plan", "tell"):
            (pod / name).mkdir(parents=True)
        self.change_part("places", pod=str(pod))
        self.change_part("job", id=self.job.id)
        self.change_part("gitlab", token=Token(self.job.token))
        self.change_part("trace", masks=(Token(self.job.token),))
        others = [one for one in self.plan.variables if one.key != "CI_JOB_TOKEN"]
        self.change(variables=(*others, EnvVariable("CI_JOB_TOKEN", self.job.token)))
        return self.job

    def script(self, *commands: str, after: Iterable[str] = ()) -> None:
        after = tuple(after)
        self.change(
            scripts=(Script("step_script", commands),),
            after_script=Script("after_script", after) if after else None,
        )

    def service_started(self, name: str) -> None:
        """What the kubelet does when it makes the container of a service."""
        (self.pod / "services" / name).mkdir(parents=True)

    def tell(self, told: Told) -> None:
        """What the manager writes into the pod's annotation, as the kubelet hands it on."""
        fresh = self.pod / "tell" / "fresh"
        fresh.write_text(encode_told(told))
        fresh.replace(self.pod / "tell" / "tell")

    async def start(
        self, *, with_loop: bool = True, shell: str = "sh", stdout: IO[bytes] | None = None
    ) -> None:
        folder = self.pod / "plan"
        data = gzip.compress(token.encode_revealed(self.plan))
        half = len(data) // 2
        (folder / "plan.0").write_bytes(data[:half])
        (folder / "plan.1").write_bytes(data[half:])
        if with_loop:
            await self.start_loop(shell)
        env = {"PATH": os.environ["PATH"], "HOME": str(self.pod / "spool" / "home")}
        self.helper = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "podlane", "helper", str(folder)),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.processes.append(self.helper)

    async def start_loop(self, shell: str = "sh", text: str = LOOP) -> None:
        words = (*shell.split(), "-c", text, "podlane", str(self.pod / "lane"), "session")
        self.loop = await asyncio.create_subprocess_exec(
            *words,
            env={"PATH": os.environ["PATH"], "IMAGE": "yes"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(self.loop)

    async def end(self, timeout: float = 20, *, loop_ends: bool = True) -> int:
        """Wait for the helper's end; a loop that has said hello ends by itself after it."""
        assert self.helper is not None
        _, self.errors = await asyncio.wait_for(self.helper.communicate(), timeout)
        if self.loop is not None and loop_ends:
            await asyncio.wait_for(self.loop.wait(), 5)
        return self.helper.returncode or 0

    async def run(self, timeout: float = 20) -> None:
        await self.start()
        code = await self.end(timeout)
        assert (code, self.errors) == (0, b""), self.errors.decode()

    async def until_trace(self, text: str, timeout: float = 10) -> None:
        """Wait until GitLab's trace holds `text`."""
        async with asyncio.timeout(timeout):
            while text.encode() not in self.job.trace:
                changed = self.job.changed
                if text.encode() in self.job.trace:
                    return
                await changed.wait()

    def stop(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def make_plan(root: Path, job: CoordinatorJob, url: str, sha: str) -> JobPlan:
    places = Places(
        builds=str(root / "builds"),
        project=str(root / "builds" / "acme" / "demo"),
        temporary=str(root / "builds" / "acme" / "demo.tmp"),
        cache=str(root / "cache"),
        pod=str(root / "pod"),
    )
    return JobPlan(
        version=VERSION,
        job=JobIdentity(job.id, "hello", 42, "acme/demo"),
        gitlab=GitLabAccess(
            url, Token(job.token), {"name": "podlane"}, failure_reasons=("script_failure",)
        ),
        places=places,
        variables=(EnvVariable("CI", "true"), EnvVariable("CI_JOB_TOKEN", job.token)),
        trace=TraceSettings(
            4 << 20, (Token(job.token),), ("glpat-",), with_timestamps=False, with_sections=True
        ),
        limits=Limits(job=60, hello=10, stop_grace=1),
        notes=(),
        sources=Sources(
            "fetch",
            f"{url}/acme/demo.git",
            sha,
            "main",
            ("+refs/heads/main:refs/remotes/origin/main",),
            depth=20,
        ),
        scripts=(Script("step_script", ("cat hello.txt",)),),
    )


@contextlib.asynccontextmanager
async def rig(root: Path) -> AsyncIterator[Rig]:
    """A running GitLab with one job handed out, and everything the pod would have."""
    coordinator = Coordinator()
    await coordinator.start()
    coordinator.calls.interval = 1
    sha = make_repository(root / "source")
    coordinator.git.add("acme/demo", root / "source")
    job = coordinator.enqueue()
    job.is_graceful = True
    job.enter("running")
    for name in ("lane", "spool", "plan", "tell"):
        (root / "pod" / name).mkdir(parents=True)
    made = Rig(coordinator, root, job, sha, make_plan(root, job, coordinator.url, sha))
    try:
        yield made
    finally:
        made.stop()
        for process in made.processes:
            await process.wait()
            if process.stderr is not None:
                await process.stderr.read()
        await coordinator.stop()
