"""After jobs that end in every way, nothing that was secret stands anywhere but where it must: no
log, event, pod, command line or file holds a token or a masked value, in clear or as base64."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from harness import cluster, gitlab, manager, wait
from harness.cluster import RealCluster
from harness.play import Play, config_for
from harness.scenario import JobSpec, RunnerSpec
from stores.scenario import cache_config

VALUE, SHOWN = "masked-value-never-shown", "a-value-that-is-not-masked"
PASSWORD = "registry-password-never-shown"
_AUTH = json.dumps({"auths": {"registry.invalid": {"username": "ci", "password": PASSWORD}}})
VARIABLES = (
    {"key": "MASKED", "value": VALUE, "masked": True},
    {"key": "PLAIN", "value": SHOWN},
    {"key": "A_FILE", "value": f"{VALUE}-in-a-file", "file": True, "masked": True},
    {"key": "DOCKER_AUTH_CONFIG", "value": _AUTH},
)
CACHE = ({"key": "deps", "paths": ["deps/"]},)
JOBS = (
    JobSpec(
        name="ends",
        variables=VARIABLES,
        cache=CACHE,
        artifacts={"paths": ["deps/"]},
        script=("mkdir -p deps; echo x > deps/x", 'echo "it is $MASKED and $PLAIN"', "sleep 3"),
    ),
    JobSpec(name="fails", variables=VARIABLES, script=('echo "$MASKED" >&2', "exit 3")),
    JobSpec(name="is-refused", variables=VARIABLES, image="NOT/A:name:at all", script=("true",)),
    JobSpec(
        name="has-no-image",
        variables=VARIABLES,
        image="registry.invalid/acme/private:1",
        script=("true",),
    ),
    JobSpec(name="loses-its-helper", variables=VARIABLES, script=("echo begun", "sleep 60")),
    JobSpec(name="is-canceled", variables=VARIABLES, script=("echo begun", "sleep 60")),
)


async def test_nothing_that_is_secret_stays_or_shows(stage: RealCluster) -> None:
    seen = Seen()
    async with _scene(stage) as (play, keys):
        async with stage.watch_pods() as pods, seen.command_lines():
            for spec in JOBS:
                play.jobs[spec.name] = play.gitlab.enqueue(spec)
            await _disturb(play)
            for job in play.jobs.values():
                await play.gitlab.coordinator.wait_finished(job.id, 120)
            seen.add("pods", json.dumps(pods))
        await play.nothing_stays(60)
        tokens = [job.token for job in play.jobs.values()]
        runners = list(play.gitlab.coordinator.runners.known)
        seen.add("the manager's log", play.manager.log)
        for name, job in play.jobs.items():
            seen.add(f"the log of the job {name}", job.trace.decode(errors="replace"))
        states = {name: job.state for name, job in play.jobs.items()}
    assert states == dict.fromkeys(play.jobs, "failed") | {
        "ends": "success",
        "is-canceled": "canceled",
    }
    await seen.add_cluster(stage)
    assert SHOWN in seen.texts["the log of the job ends"], "what may be shown is not even there"
    secrets = {"job token": tokens, "runner token": runners, "variable": [VALUE], "key": keys}
    secrets["password"] = [PASSWORD]
    found = [f"a {what} in {where}" for what, where in seen.find(secrets)]
    assert not found, "; ".join(found)


def test_a_secret_is_found_in_each_form() -> None:
    seen, secrets = Seen(), {"variable": [VALUE]}
    for number in range(4):
        text = f"{'x' * number}{VALUE}"
        seen.add(f"base64 {number}", base64.b64encode(f"{text} and more".encode()).decode())
        seen.add(f"clear {number}", text)
    seen.add("nothing", base64.b64encode(SHOWN.encode()).decode())
    assert len(list(seen.find(secrets))) == 8


async def _disturb(play: Play) -> None:
    lost, canceled = play.jobs["loses-its-helper"], play.jobs["is-canceled"]
    for job in (lost, canceled):
        await wait.trace_holds(play.gitlab.coordinator, job, "begun\n", 90)
    play.gitlab.coordinator.cancel(canceled.id)
    stage = play.stage
    assert isinstance(stage, RealCluster)
    for pod in await stage.items("pods"):
        if pod["metadata"]["labels"]["podlane.dev/job-id"] == str(lost.id):
            stage.kill_in(pod, "helper")


@asynccontextmanager
async def _scene(stage: RealCluster) -> AsyncIterator[tuple[Play, list[str]]]:
    """GitLab, a store and a manager; the keys of the store."""
    async with (
        gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served,
        cache_config({}, stage.folder / "store", stage.host) as cache,
    ):
        keys = [cache["cache"]["s3"]["SecretKey"]]
        waits = {"kubernetes": {"poll_timeout": 20}}
        config = config_for(stage, served, runners=(RunnerSpec(config=cache | waits),))
        config["log_level"] = "debug"
        async with manager.running(stage.folder / "manager", config, stage.environ()) as started:
            yield Play(stage, served, started), keys


class Seen:
    """Texts by the place where they were found."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._lines: set[str] = set()

    def add(self, where: str, text: str) -> None:
        self.texts[where] = text

    @asynccontextmanager
    async def command_lines(self) -> AsyncIterator[None]:
        """All command lines of this machine, which is the node as well, as long as this lasts."""

        async def look() -> None:
            while True:
                self._lines |= set(_command_lines())
                await asyncio.sleep(0.1)

        async with asyncio.TaskGroup() as group:
            looking = group.create_task(look())
            yield
            looking.cancel()
        self.add("command lines", "\n".join(self._lines))

    async def add_cluster(self, stage: RealCluster) -> None:
        """What the cluster and its node hold and have logged, but for its Secrets."""
        for kind in ("events", "pods", "configmaps", "serviceaccounts"):
            self.add(kind, await stage.kubectl("get", kind, "-o", "json"))
        for file in cluster.audit_log().parent.glob("*.log"):
            self.add(file.name, file.read_text(errors="replace"))
        for file in _files(Path("/var/log/pods"), cluster.kubeconfig().parent / "kubelet/pods"):
            self.add(str(file), file.read_text(errors="replace"))

    def find(self, secrets: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
        for what, values in secrets.items():
            for where, text in self.texts.items():
                if any(form in text for value in values for form in _forms(value)):
                    yield what, where


def _forms(value: str) -> list[str]:
    """In clear, and what is the same in each base64 that holds it, wherever it begins in it."""
    coded = [base64.b64encode(b" " * shift + value.encode()).decode() for shift in range(3)]
    return [value, *(text[4:-4] for text in coded)]


def _command_lines() -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if "versitygw" not in line:  # the tests' own store is given its keys so
                yield line


def _files(*roots: Path) -> Iterator[Path]:
    """Small files below, as far as they can be read; what is mounted there is the pods' own."""
    for root in roots:
        words = ["find", str(root), "-xdev", "-type", "f", "-size", "-8M"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        yield from (Path(line) for line in done.stdout.splitlines() if os.access(line, os.R_OK))
