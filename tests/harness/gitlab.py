"""GitLab for a test: the embedded coordinator with one project, a real git repository over HTTP."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.scenario import JobSpec, merge
from podlane.local.coordinator import Coordinator, CoordinatorJob, Fault

PROJECT = "acme/demo"
INNER = ("inner", "innermost")  # its submodule on the branch `nested`, and that one's own
_WHO = ("-c", "user.name=dev", "-c", "user.email=dev@example.com")


@dataclass
class Gitlab:
    coordinator: Coordinator
    repository: Path

    def enqueue(self, spec: JobSpec, needs: tuple[CoordinatorJob, ...] = ()) -> CoordinatorJob:
        made = payload(spec, _git(self.repository, "rev-parse", spec.ref), needs)
        return self.coordinator.enqueue(made, tags=spec.tags, required_features=spec.features)

    @property
    def has_struck(self) -> bool:
        """Whether a fault that is still there has gone wrong already."""
        return any(fault.hits for fault in self.coordinator.faults.waiting)

    def trouble(self, faults: Iterable[dict[str, Any]]) -> None:
        for fault in faults:
            self.coordinator.faults.add(Fault(**fault))

    def set_up(self, settings: dict[str, Any]) -> None:
        """`{calls.interval: 1, faults: [{call: trace, status: 503}]}`"""
        for path, value in settings.items():
            part, _, name = path.partition(".")
            if path == "faults":
                self.trouble(value)
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
        for name in INNER:
            if (repository.parent / name).exists():
                coordinator.git.add(f"acme/{name}", repository.parent / name)
        yield Gitlab(coordinator, repository)
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
    _git(folder, *_WHO, "commit", "--quiet", "-m", "first")
    return folder


def add_submodules(folder: Path) -> Path:
    """Give a repository the branch `nested`: a submodule `inner`, which has one of its own."""
    inner, innermost = (make_repository(folder.parent / name, files=1) for name in INNER)
    _add_submodule(inner, innermost)
    _git(folder, "checkout", "--quiet", "-b", "nested")
    _add_submodule(folder, inner)
    _git(folder, "checkout", "--quiet", "main")
    return folder


def _add_submodule(outer: Path, inner: Path) -> None:
    """By a relative URL, as GitLab serves both; git itself must find it as a file."""
    local = ("-c", "protocol.file.allow=always")
    _git(outer, *local, "submodule", "--quiet", "add", str(inner), inner.name)
    _git(
        outer, "config", "-f", ".gitmodules", f"submodule.{inner.name}.url", f"../{inner.name}.git"
    )
    _git(outer, "add", ".")
    _git(outer, *_WHO, "commit", "--quiet", "-m", f"with {inner.name}")


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    return done.stdout.decode().strip()


def payload(spec: JobSpec, sha: str, needs: tuple[CoordinatorJob, ...] = ()) -> dict[str, Any]:
    """What GitLab would send for a job; the coordinator fills in the rest."""
    made: dict[str, Any] = {
        "job_info": {"name": spec.name},
        "git_info": {"sha": sha} | ({} if spec.ref == "HEAD" else {"ref": spec.ref}),
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
