"""A scenario as data: a runner's settings, GitLab's jobs, what goes wrong, what must be seen.

The files lie in tests/scenarios, and those of the fault suite in tests/faults; `play.py` runs them,
on the embedded cluster and on the real one. Where the two need different words,
`at: {cluster: {…}}` in a scenario or one of its parts is laid over it there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

FOLDER = Path(__file__).parents[1] / "scenarios"
FAULTS = FOLDER.parent / "faults"
STAGES = ("embedded", "cluster")


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What GitLab must have been told, and what there must have been in the cluster.

    `printed`: a section's bytes without its echoed commands. `in_order`: these follow each other
    in the trace. `checksum`: what the runner says of the trace is true of it. `pod`: the job's last
    pod, as `look.find` finds it and `look.check` compares. `pods`: how many it had. `objects`: how
    many of a kind with podlane's label at `do: look`. `helper_log`: what its helper has printed at
    `do: read-log`; `lacks` counts for that as well.
    """

    state: str = "success"
    failure_reason: str = ""
    exit_code: int | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    in_order: tuple[str, ...] = ()
    printed: dict[str, str] = {}
    artifact: dict[str, str] = {}
    runner: str = ""
    pod: dict[str, Any] = {}
    pods: int | None = None
    helper_log: tuple[str, ...] = ()
    objects: dict[str, int] = {}
    size: int | None = None
    checksum: bool = False
    seconds: float = 90


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Once the trace holds `when` (the job is in `state`; it `has_pod`; one of GitLab's faults
    `has_struck`), `do` it.

    `faults` of GitLab are there from then on. `object` is what `do: create` makes. `read-log` waits
    until the helper has printed `when` too.
    """

    do: str = ""
    when: str = ""
    state: str = ""
    has_pod: bool = False
    has_struck: bool = False
    faults: tuple[dict[str, Any], ...] = ()
    object: dict[str, Any] = {}


class JobSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A job in the words of .gitlab-ci.yml; `payload` is laid over what is made of it.

    `features`: GitLab gives the job only to a runner that has announced these.
    `only`: the one stage that it is played on. `after`: jobs that must have ended first; `alone`:
    and whose pods must be gone. A line of
    `script` may be `{repeat: 3, line: echo {n}}`.
    """

    name: str = "job"
    ref: str = "HEAD"
    only: str = ""
    script: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    after_script: tuple[str, ...] = ()
    image: str | dict[str, Any] = ""
    services: tuple[dict[str, Any], ...] = ()
    tags: tuple[str, ...] = ()
    timeout: int = 3600
    variables: dict[str, str] | tuple[dict[str, Any], ...] = ()
    hooks: dict[str, tuple[str, ...]] = {}
    cache: tuple[dict[str, Any], ...] = ()
    artifacts: dict[str, Any] | tuple[dict[str, Any], ...] = ()
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    alone: bool = False
    features: tuple[str, ...] = ()
    payload: dict[str, Any] = {}
    during: tuple[Event, ...] = ()
    expect: Expect = Expect()


class RunnerSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[runners]]` entry: tags at GitLab, keys laid over the stage's own."""

    name: str = "runner"
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = {}


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`why` tells why it plays on one stage only. `differs`: how podlane, on purpose, is not as
    gitlab-runner, which is then what is expected; `not_here`: why it cannot be played at all.

    `gitlab`: what the coordinator is set to (`calls.interval`) and its `faults`. `objects` are
    there before the manager, and `namespaces`; `{namespace}` is the test's own, wherever it stands.
    `enforce`: the Pod Security Standard of that one. `troubles`: faults of the embedded cluster, by
    their class. `store`: the runners have an S3; its `troubles`, and keys of `[runners.cache]`
    (`stores/scenario.py`).
    `vault`: what a Vault holds, by mount and path; its address is `{vault}` in a job's `payload`.
    `registry`: a private one with `ci/busybox:1` to `:9`, for the user `ci` with the password
    `secret`, at `{registry}` everywhere; `{is_up: false}`: until an event says `start-registry`;
    `{is_held: true}`: silent until `release-registry`.
    """

    about: str
    jobs: tuple[JobSpec, ...] = ()
    stages: tuple[str, ...] = STAGES
    why: str = ""
    differs: str = ""
    not_here: str = ""
    config: dict[str, Any] = {}
    runners: tuple[RunnerSpec, ...] = (RunnerSpec(),)
    gitlab: dict[str, Any] = {}
    namespaces: tuple[str, ...] = ()
    objects: tuple[dict[str, Any], ...] = ()
    enforce: str = ""
    troubles: tuple[dict[str, Any], ...] = ()
    store: dict[str, Any] | None = None
    vault: dict[str, Any] | None = None
    registry: dict[str, Any] | None = None


def load(path: Path, stage: str = "") -> Scenario:
    raw = _at(yaml.safe_load(path.read_text()), stage)
    for part in ("jobs", "runners"):
        if part in raw:
            raw[part] = [_at(one, stage) for one in raw[part]]
    for job in raw.get("jobs", ()):
        job["script"] = [line for one in job.get("script", ()) for line in _lines(one)]
        job["expect"] = _at(job.get("expect", {}), stage)
    return msgspec.convert(raw, Scenario)


def filled(scenario: Scenario, words: dict[str, str]) -> Scenario:
    """The scenario with what is known only when it is played."""
    return msgspec.convert(fill(msgspec.to_builtins(scenario), words), Scenario)


def names(stage: str, folder: Path = FOLDER) -> list[str]:
    """The scenarios that this stage can play."""
    return [name for name in every(folder) if is_played(load(file(name, folder)), stage)]


def every(folder: Path = FOLDER) -> list[str]:
    paths = sorted(folder.rglob("*.yaml"))
    return [str(path.relative_to(folder).with_suffix("")) for path in paths]


def is_played(scenario: Scenario, stage: str) -> bool:
    return stage in scenario.stages and not scenario.not_here


def file(name: str, folder: Path = FOLDER) -> Path:
    return folder / f"{name}.yaml"


def find(name: str, stage: str, folder: Path = FOLDER) -> Scenario:
    return load(file(name, folder), stage)


def merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one tree over another; lists are replaced."""
    merged = dict(under)
    for key, value in over.items():
        mine = merged.get(key)
        both = isinstance(mine, dict) and isinstance(value, dict)
        merged[key] = merge(mine, value) if both and isinstance(mine, dict) else value
    return merged


def fill(tree: Any, words: dict[str, str]) -> Any:
    """Put the stage's own words in place of `{folder}` and the like."""
    if isinstance(tree, dict):
        return {key: fill(value, words) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [fill(value, words) for value in tree]
    if isinstance(tree, str):
        for name, word in words.items():
            tree = tree.replace(f"{{{name}}}", word)
    return tree


def _lines(one: str | dict[str, Any]) -> list[str]:
    if isinstance(one, str):
        return [one]
    return [one["line"].replace("{n}", str(n)) for n in range(1, one["repeat"] + 1)]


def _at(raw: dict[str, Any], stage: str) -> dict[str, Any]:
    """What holds at a stage."""
    own = raw.get("at", {})
    plain = {key: value for key, value in raw.items() if key != "at"}
    return merge(plain, own.get(stage, {}))
