"""`parallel`: how many instances of a job, their names and values."""

from __future__ import annotations

import itertools

import msgspec

from podlane.local.pipeline.model import JobSpec
from podlane.local.pipeline.node import Node, items
from podlane.local.pipeline.reading import Reading

_MOST = 200


def combinations(
    node: Node, what: str, reading: Reading
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Every combination of each mapping's values, in the order of its keys."""
    result: list[tuple[tuple[str, str], ...]] = []
    for item in reading.flat(node, what):
        if not isinstance(item.value, dict):
            reading.wrong(item, what, "a list of mappings of names to values")
            continue
        columns = [
            [(key, reading.text(value, f"{what}:{key}")) for value in items(column)]
            for key, column in item.value.items()
        ]
        result.extend(itertools.product(*columns))
    return tuple(result)


def spread(spec: JobSpec, node: Node | None, reading: Reading) -> tuple[JobSpec, ...]:
    """The instances that `parallel` makes of a job; without it the job alone."""
    if node is None or node.value is None:
        return (spec,)
    if not isinstance(node.value, dict):
        total = reading.integer(node, "parallel", 1, _MOST)
        return tuple(
            _instance(spec, f"{spec.name} {index}/{total}", (index, total), ())
            for index in range(1, total + 1)
        )
    keys = reading.keys(node, "parallel", ("matrix",))
    if "matrix" not in keys:
        reading.wrong(node, "parallel", "a number, or hold `matrix`")
        return (spec,)
    found = combinations(keys["matrix"], "parallel:matrix", reading)
    if not 1 <= len(found) <= _MOST:
        reading.wrong(node, "parallel:matrix", f"1 to {_MOST} combinations")
        return (spec,)
    named = {
        f"{spec.name}: [{', '.join(value for _, value in values)}]": values for values in found
    }
    return tuple(
        _instance(spec, name, (index, len(named)), values)
        for index, (name, values) in enumerate(named.items(), 1)
    )


def _instance(
    spec: JobSpec, name: str, node: tuple[int, int], values: tuple[tuple[str, str], ...]
) -> JobSpec:
    return msgspec.structs.replace(
        spec,
        name=name,
        base_name=spec.name,
        node_index=node[0],
        node_total=node[1],
        matrix=values,
    )
