"""GitLab for a test: the embedded coordinator with one project, a real git repository over HTTP."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.scenario import JobSpec, merge
from podlane.local.coordinator import Coordinator, CoordinatorJob, Fault

PROJECT = "acme/demo"


@dataclass
class Gitlab:
    coordinator: Coordinator
    sha: str

    def enqueue(self, spec: JobSpec, needs: tuple[CoordinatorJob, ...] = ()) -> CoordinatorJob:
        return self.coordinator.enqueue(payload(spec, self.sha, needs), tags=spec.tags)

    def set_up(self, settings: dict[str, Any]) -> None:
        """`{calls.interval: 1, faults: [{call: trace, status: 503}]}`"""
        for path, value in settings.items():
            part, _, name = path.partition(".")
            if path == "faults":
                for fault in value:
                    self.coordinator.faults.add(Fault(**fault))
            else:
                assert hasattr(getattr(self.coordinator, part), name), path
                setattr(getattr(self.coordinator, part), name, value)


@asynccontextmanager
async def serve(root: Path, repository: Path, host: str) -> AsyncIterator[Gitlab]:
    root.mkdir(parents=True, exist_ok=True)
    coordinator = Coordinator(root, host=host)
    coordinator.queue.long_poll = 20.0
    await coordinator.start()
    try:
        coordinator.git.add(PROJECT, repository)
        yield Gitlab(coordinator, _git(repository, "rev-parse", "HEAD"))
    finally:
        await coordinator.stop()


def make_repository(folder: Path, files: int = 20, noise: tuple[int, int] | None = None) -> Path:
    """A repository with one commit on `main`: README.md and a few folders of files.

    `noise`: so many files more, of so many bytes each, which nothing can compress.
    """
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("a demo\n")
    for number in range(files):
        target = folder / f"src/{number % 10}/file-{number}.txt"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"file {number}\n" * 20)
    for number in range(noise[0] if noise else 0):
        (folder / f"noise-{number}").write_bytes(os.urandom(noise[1] if noise else 0))
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    _git(folder, "add", ".")
    who = ("-c", "user.name=dev", "-c", "user.email=dev@example.com")
    _git(folder, *who, "commit", "--quiet", "-m", "first")
    return folder


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    return done.stdout.decode().strip()


def payload(spec: JobSpec, sha: str, needs: tuple[CoordinatorJob, ...] = ()) -> dict[str, Any]:
    """What GitLab would send for a job; the coordinator fills in the rest."""
    made: dict[str, Any] = {
        "job_info": {"name": spec.name},
        "git_info": {"sha": sha},
        "runner_info": {"timeout": spec.timeout, "runner_session_url": None},
        "steps": _steps(spec),
        "variables": _variables(spec.variables),
        "services": list(spec.services),
        "hooks": [{"name": name, "script": list(lines)} for name, lines in spec.hooks.items()],
        "cache": [_CACHE | one for one in spec.cache],
        "dependencies": [_dependency(job) for job in needs],
    }
    if spec.image:
        made["image"] = {"name": spec.image} if isinstance(spec.image, str) else spec.image
    if spec.artifacts:
        given = [spec.artifacts] if isinstance(spec.artifacts, dict) else spec.artifacts
        made["artifacts"] = [_ARCHIVE | one for one in given]
    return merge(made, spec.payload)


_ARCHIVE = {"artifact_type": "archive", "artifact_format": "zip", "when": "on_success"}
_CACHE = {"policy": "pull-push", "when": "on_success", "untracked": False}


def _steps(spec: JobSpec) -> list[dict[str, Any]]:
    steps = [_step("script", spec.script, spec.timeout)]
    if spec.release:
        steps.append(_step("release", spec.release, spec.timeout))
    if spec.after_script:
        after = _step("after_script", spec.after_script, spec.timeout)
        steps.append(after | {"when": "always", "allow_failure": True})
    return steps


def _variables(given: dict[str, str] | tuple[dict[str, Any], ...]) -> list[dict[str, Any]]:
    if isinstance(given, dict):
        given = tuple({"key": key, "value": value} for key, value in given.items())
    return [{"public": False, "masked": False, **one} for one in given]


def _step(name: str, script: tuple[str, ...], timeout: int) -> dict[str, Any]:
    step = {"name": name, "script": list(script), "timeout": timeout}
    return step | {"when": "on_success", "allow_failure": False}


def _dependency(job: CoordinatorJob) -> dict[str, Any]:
    archive = job.artifacts.get("archive")
    found = {"id": job.id, "name": job.name, "token": job.token}
    if archive is None:
        return found
    return found | {"artifacts_file": {"filename": "artifacts.zip", "size": archive.stat().st_size}}
