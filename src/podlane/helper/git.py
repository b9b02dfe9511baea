"""git as the helper runs it: its environment, its output in the log, its end in plain words.

The one place where git's exit status and its last lines are known (`GitEnd`).
"""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path
from typing import NamedTuple

from podlane import __version__
from podlane.core.job.git_failure import explain
from podlane.core.job.outcome import FailureReason, failed
from podlane.core.plan import git_config, step
from podlane.core.text.duration import format_duration
from podlane.helper import processes
from podlane.helper.work import StageFailed, Work

_LONGEST_VALUE = 30_000  # a program can be given 128 KiB a value, and only so much in all
_TAIL = 8 * 1024
_OURS = ("PATH", "HOME")
_MISLEADING = (  # what a job sets for its own image, or for its own git
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "BASH_ENV",
    "ENV",
    "GIT_ASKPASS",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
)
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


class GitEnd(NamedTuple):
    """How one command of git ended. `last`: the end of what it printed."""

    words: tuple[str, ...]
    status: int
    last: str


class GitFailed(StageFailed):
    """git failed. `is_outside`: not for the sake of what lies in the working copy."""

    def __init__(self, end: GitEnd, what: str, hint: str = "") -> None:
        found = explain(end.last)
        self.end = end
        self.is_outside = found.is_outside
        why = f": {found.why}" if found.why else ""
        hints = [text for text in (hint or found.hint,) if text]
        reason = failed(found.reason, end.status if found.reason is _SCRIPT_FAILURE else 0)
        super().__init__(reason, f"{what}{why} (git's exit code is {end.status})", *hints)


class Git:
    """`until`: monotonic seconds at which all git work must be over, if there is such a time."""

    def __init__(self, work: Work) -> None:
        sources = work.plan.sources
        self.work = work
        self.correlation = os.urandom(16).hex() if sources.with_correlation else ""
        self.env = _environment(work, self.correlation)
        self.until = None if sources.timeout is None else time.monotonic() + sources.timeout

    def run(self, folder: Path, *words: str, what: str = "", hint: str = "") -> None:
        """Run to the end; GitFailed says `what` could not be done, why, and perhaps a hint."""
        end = self.attempt(folder, *words)
        if end.status:
            raise GitFailed(end, what or f"git {_command(words)} failed", hint)

    def attempt(self, folder: Path, *words: str) -> GitEnd:
        tail = bytearray()

        def hear(data: bytes) -> None:
            tail.extend(data)
            del tail[:-_TAIL]

        status = self.program(["git", *words], folder, hear)
        return GitEnd(words, status, tail.decode(errors="replace"))

    def program(
        self, command: list[str], folder: Path, hear: processes.Hear = processes.nobody
    ) -> int:
        """Run any program of this stage, within the stage's time."""
        try:
            return processes.run(self.work, command, self.env, folder, hear=hear, until=self.until)
        except processes.TimeIsUp:
            limit = format_duration(self.work.plan.sources.timeout or 0)
            raise StageFailed(
                failed(FailureReason.JOB_EXECUTION_TIMEOUT),
                f"get sources timeout: exceeded timeout of {limit}",
                "`get_sources_timeout` of the runner is this limit",
            ) from None

    def output(self, folder: Path, *words: str, typed: bytes = b"") -> bytes | None:
        """What a short command prints, or None when it fails."""
        return processes.output(["git", *words], self.env, folder, typed)


_SCRIPT_FAILURE = FailureReason.SCRIPT_FAILURE


def agent() -> str:
    machine = platform.machine()
    return f"podlane {__version__} {sys.platform}/{_MACHINES.get(machine, machine)}"


def _command(words: tuple[str, ...]) -> str:
    """The sub-command, behind options such as `-c name=value`."""
    rest = list(words)
    while rest and rest[0] == "-c":
        del rest[:2]
    return rest[0] if rest else ""


def _environment(work: Work, correlation: str) -> dict[str, str]:
    plan = work.plan
    whole = step.environment(plan)
    job = {
        key: value
        for key, value in whole.items()
        if len(value) < _LONGEST_VALUE and key not in _MISLEADING
    }
    own = {key: os.environ[key] for key in _OURS if key in os.environ}
    fixed = {
        "CI_JOB_TOKEN": plan.gitlab.token.reveal(),
        "GCM_INTERACTIVE": "Never",
        "GIT_LFS_SKIP_SMUDGE": "1",  # they are pulled all at once
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LANGUAGE": "",
        "LC_ALL": "C.UTF-8",  # so that its words can be read
    }
    return job | own | fixed | git_config.helper_environment(plan, agent(), correlation)
