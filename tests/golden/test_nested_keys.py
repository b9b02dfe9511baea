"""Each key of the nested tables has a value of its own in a golden case, and its pod shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
import pytest

from golden.cases import read_case
from podlane.core.config.affinity import Affinity
from podlane.core.config.container import ContainerLifecycle
from podlane.core.config.network import DnsConfig, HostAlias
from podlane.core.config.volumes import Volumes
from podlane.core.plan.make import make_plan
from podlane.core.plan.resolve import resolve
from podlane.core.pod.manifests import build_manifests

TABLES = {  # key of [runners.kubernetes], and the cases that show all that is in it
    "affinity": (Affinity, ("affinity-and-hosts",)),
    "dns_config": (DnsConfig, ("affinity-and-hosts",)),
    "host_aliases": (HostAlias, ("affinity-and-hosts",)),
    "volumes": (Volumes, ("volumes-of-every-kind",)),
    "container_lifecycle": (ContainerLifecycle, ("container-lifecycle", "lifecycle-by-tcp")),
}
Step = str | int
Leaf = tuple[tuple[Step, ...], type, str]


def _leaves(value: Any, path: tuple[Step, ...] = ()) -> Iterator[Leaf]:
    """Every key that has a value of its own: its path, its table's type, its name."""
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    if not isinstance(value, msgspec.Struct):
        return
    for field in msgspec.structs.fields(type(value)):
        inner = getattr(value, field.name)
        for leaf in _leaves(inner, (*path, field.name)):  # a table is shown by what is in it
            yield leaf
            yield leaf[0], type(value), field.name
        if inner not in (field.default, {}) and not isinstance(inner, msgspec.Struct):
            yield (*path, field.name), type(value), field.name


def _changed(value: Any, path: tuple[Step, ...]) -> Any:
    if not path:
        return _other(value)
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*value[:step], _changed(value[step], rest), *value[step + 1 :])
    return msgspec.structs.replace(value, **{step: _changed(getattr(value, step), rest)})


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return f"{value}2"
    return type(value)()


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    for one in (kind, *get_args(kind)):
        if isinstance(one, type) and get_origin(one) is None and issubclass(one, msgspec.Struct):
            yield one
            for field in msgspec.structs.fields(one):
                yield from _structs(field.type)


def _shown(case: str, key: str) -> Iterator[tuple[type, str]]:
    """The keys whose other value gives another pod."""
    job, context = read_case(case)
    plan, ground = make_plan(job, context), resolve(job, context)
    kubernetes = context.runner.kubernetes
    table = getattr(kubernetes, key)

    def pod(value: Any) -> Any:
        changed = msgspec.structs.replace(kubernetes, **{key: value})
        runner = msgspec.structs.replace(context.runner, kubernetes=changed)
        other = msgspec.structs.replace(context, runner=runner)
        return build_manifests(plan, job, other, ground=ground).pod

    before, others = pod(table), {}
    for path, owner, name in _leaves(table):
        if path not in others:
            others[path] = pod(_changed(table, path))
        if others[path] != before:
            yield owner, name


@pytest.mark.parametrize("key", TABLES)
def test_each_key_is_shown(key: str) -> None:
    kind, cases = TABLES[key]
    shown = {found for case in cases for found in _shown(case, key)}
    every = {(one, field.name) for one in _structs(kind) for field in msgspec.structs.fields(one)}
    assert not every - shown
