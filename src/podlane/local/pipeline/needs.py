"""`needs`: as written, and after `parallel` has made several jobs of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from podlane.local.pipeline.matrix import combinations
from podlane.local.pipeline.model import JobSpec, Need
from podlane.local.pipeline.node import Node
from podlane.local.pipeline.reading import Reading

_NEED = ("job", "artifacts", "optional", "parallel", "project", "ref", "pipeline")


def parse_needs(node: Node, reading: Reading) -> tuple[Need, ...]:
    """Needs of other projects and pipelines are left out; `jobs.py` notes them."""
    result = []
    for item in reading.flat(node, "needs"):
        if not isinstance(item.value, dict):
            result.append(Need(reading.text(item, "needs"), place=item.place))
            continue
        keys = reading.keys(item, "needs", _NEED)
        if "project" in keys or "pipeline" in keys:
            continue
        if "job" not in keys:
            reading.wrong(item, "needs", "the name of a job, or hold `job`")
        wanted = reading.keys(keys.get("parallel"), "needs:parallel", ("matrix",))
        result.append(
            Need(
                reading.text(keys.get("job"), "needs:job"),
                reading.boolean(keys.get("artifacts"), "needs:artifacts", default=True),
                reading.boolean(keys.get("optional"), "needs:optional"),
                combinations(wanted["matrix"], "needs:parallel:matrix", reading)
                if "matrix" in wanted
                else (),
                item.place,
            )
        )
    if len(result) > 50:
        reading.wrong(node, "needs", "at most 50 jobs")
    return tuple(result)


def spread(needs: Iterable[Need], groups: Mapping[str, Sequence[JobSpec]]) -> tuple[Need, ...]:
    """Put the instances of a parallel job in the place of its name."""
    result: list[Need] = []
    for need in needs:
        for spec in groups.get(need.job, ()):
            if not need.matrix or spec.matrix in need.matrix:
                result.append(msgspec.structs.replace(need, job=spec.name, matrix=()))
        if need.job not in groups:
            result.append(need)
    return tuple(result)
