"""A scenario as data: a runner's settings, GitLab's jobs, what goes wrong, what must be seen.

The files lie in tests/scenarios; `play.py` runs them, on the embedded cluster and on the real one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

FOLDER = Path(__file__).parents[1] / "scenarios"


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What GitLab must have been told. `printed`: a section's bytes without its echoed commands."""

    state: str = "success"
    failure_reason: str = ""
    exit_code: int | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    printed: dict[str, str] = {}
    artifact: dict[str, str] = {}
    runner: str = ""
    seconds: float = 90


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Once the trace holds `when` (or the job is in that state), `do` it."""

    do: str
    when: str = ""
    state: str = ""


class JobSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A job in the words of .gitlab-ci.yml; `payload` is laid over what is made of it."""

    name: str = "job"
    script: tuple[str, ...] = ()
    after_script: tuple[str, ...] = ()
    image: str = ""
    tags: tuple[str, ...] = ()
    timeout: int = 3600
    variables: tuple[dict[str, Any], ...] = ()
    artifacts: dict[str, Any] = {}
    needs: tuple[str, ...] = ()
    payload: dict[str, Any] = {}
    during: tuple[Event, ...] = ()
    expect: Expect = Expect()


class RunnerSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[runners]]` entry: tags at GitLab, keys laid over the stage's own."""

    name: str = "runner"
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = {}


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    about: str
    jobs: tuple[JobSpec, ...]
    stages: tuple[str, ...] = ("embedded", "cluster")
    config: dict[str, Any] = {}
    runners: tuple[RunnerSpec, ...] = (RunnerSpec(),)


def load(path: Path) -> Scenario:
    return msgspec.convert(yaml.safe_load(path.read_text()), Scenario)


def names(stage: str) -> list[str]:
    """The scenarios that this stage can play."""
    return [path.stem for path in sorted(FOLDER.glob("*.yaml")) if stage in load(path).stages]


def find(name: str) -> Scenario:
    return load(FOLDER / f"{name}.yaml")


def merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one tree over another; lists are replaced."""
    merged = dict(under)
    for key, value in over.items():
        mine = merged.get(key)
        both = isinstance(mine, dict) and isinstance(value, dict)
        merged[key] = merge(mine, value) if both and isinstance(mine, dict) else value
    return merged
