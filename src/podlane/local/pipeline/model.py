"""A pipeline as frozen data: what the file says of each job, and what came of the rules."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.local.pipeline.condition import Condition
from podlane.local.pipeline.node import NOWHERE, Place


class Variable(msgspec.Struct, frozen=True):
    """`is_raw` is `expand: false`."""

    key: str
    value: str
    is_raw: bool = False


class Paths(msgspec.Struct, frozen=True):
    """`rules:changes` and `rules:exists`."""

    patterns: tuple[str, ...]
    compare_to: str = ""


class Need(msgspec.Struct, frozen=True):
    """`matrix`: the wanted combinations of `parallel:matrix`; empty means all."""

    job: str
    with_artifacts: bool = True
    is_optional: bool = False
    matrix: tuple[tuple[tuple[str, str], ...], ...] = ()
    place: Place = NOWHERE


class Rule(msgspec.Struct, frozen=True):
    """`text` is the rule as people read it; empty `when` and None mean: as the job says."""

    place: Place
    text: str
    condition: Condition | None = None
    changes: Paths | None = None
    exists: Paths | None = None
    when: str = ""
    allow_failure: bool | None = None
    variables: tuple[Variable, ...] = ()
    needs: tuple[Need, ...] | None = None


class Policy(msgspec.Struct, frozen=True):
    """One of `only` and `except`; None where a key is absent."""

    place: Place
    refs: tuple[str, ...] | None = None
    variables: tuple[tuple[str, Condition], ...] | None = None
    changes: tuple[str, ...] | None = None
    kubernetes: bool = False


class Retry(msgspec.Struct, frozen=True):
    """`exit_codes` alone replaces the default `always`."""

    max: int = 0
    when: tuple[str, ...] = ("always",)
    exit_codes: tuple[int, ...] = ()


class CacheKey(msgspec.Struct, frozen=True):
    text: str = ""
    files: tuple[str, ...] = ()
    prefix: str | None = None


class Cache(msgspec.Struct, frozen=True):
    key: CacheKey
    paths: tuple[str, ...] = ()
    untracked: bool = False
    policy: str = "pull-push"
    when: str = "on_success"
    unprotect: bool = False
    fallback_keys: tuple[str, ...] = ()


class Environment(msgspec.Struct, frozen=True):
    name: str
    url: str = ""
    action: str = "start"
    tier: str = ""


class JobSpec(msgspec.Struct, frozen=True):
    """One job of the file, one instance after `parallel`. `image`, `services`, `artifacts` and
    `hooks` have the form of the runner API's payload already.

    `needs` None: the job waits for all earlier stages. `matrix`: its values, in order.
    """

    name: str
    place: Place
    stage: str
    script: tuple[str, ...] = ()
    after_script: tuple[str, ...] = ()
    hooks: tuple[dict[str, Any], ...] = ()
    image: dict[str, Any] | None = None
    services: tuple[dict[str, Any], ...] = ()
    variables: tuple[Variable, ...] = ()
    inherited_variables: bool | tuple[str, ...] = True
    rules: tuple[Rule, ...] | None = None
    only: Policy | None = None
    excepted: Policy | None = None
    when: str = "on_success"
    allow_failure: bool | None = None
    allow_exit_codes: tuple[int, ...] = ()
    needs: tuple[Need, ...] | None = None
    dependencies: tuple[str, ...] | None = None
    artifacts: tuple[dict[str, Any], ...] = ()
    caches: tuple[Cache, ...] = ()
    retry: Retry = Retry()
    timeout: int = 3600
    tags: tuple[str, ...] = ()
    environment: Environment | None = None
    resource_group: str = ""
    stand_in: str = ""  # why nothing runs for it; it then counts as passed
    base_name: str = ""
    node_index: int = 0  # from 1; 0: not parallel
    node_total: int = 1
    matrix: tuple[tuple[str, str], ...] = ()


class Note(msgspec.Struct, frozen=True):
    """What is known but not done in a local run; said once for each keyword."""

    place: Place
    keyword: str
    text: str


class Workflow(msgspec.Struct, frozen=True):
    name: str = ""
    rules: tuple[Rule, ...] | None = None


class ConfigFile(msgspec.Struct, frozen=True):
    """Everything the file says, before any rule is asked."""

    stages: tuple[str, ...]
    jobs: tuple[JobSpec, ...]
    variables: tuple[Variable, ...] = ()
    workflow: Workflow = Workflow()
    notes: tuple[Note, ...] = ()


class Job(msgspec.Struct, frozen=True):
    """A job with the decision on it; `why` is the rule that decided, `place` its line."""

    spec: JobSpec
    is_in: bool
    why: str
    place: Place
    when: str = "on_success"
    allow_failure: bool = False
    variables: tuple[Variable, ...] = ()
    needs: tuple[Need, ...] | None = None

    @property
    def name(self) -> str:
        return self.spec.name


class Pipeline(msgspec.Struct, frozen=True):
    """`jobs` are in the order of stages and file; `absent` are those the rules left out.

    `why_none` says why there is no pipeline at all; `jobs` is empty then.
    """

    name: str
    stages: tuple[str, ...]
    jobs: tuple[Job, ...]
    absent: tuple[Job, ...] = ()
    variables: tuple[Variable, ...] = ()
    notes: tuple[Note, ...] = ()
    why_none: str = ""
