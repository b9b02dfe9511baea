"""`.gitlab-ci.yml` to a ConfigFile: GitLab's order of transformations, every fault at once."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from podlane.local.pipeline import merge, needs, parts, rules
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.include import Includer, Read
from podlane.local.pipeline.jobs import JobReader
from podlane.local.pipeline.keyword import DEFAULT, GLOBAL, INSTEAD, OLD_DEFAULTS, RESERVED
from podlane.local.pipeline.model import ConfigFile, JobSpec, Note, Workflow
from podlane.local.pipeline.node import Faults, Node, table
from podlane.local.pipeline.reading import Reading

_STAGES = ("build", "test", "deploy")


def load_config(text: str, read: Read, facts: Facts, variables: Mapping[str, str]) -> ConfigFile:
    """Read the file and its includes; PipelineFault lists everything that is wrong."""
    faults = Faults()
    reading = Reading(faults)
    includer = Includer(reading, read, facts, variables)
    root = includer.load(facts.config_path, text)
    faults.raise_if_any()
    root = merge.resolve_references(root, faults)
    left_out = " (a file it may stand in was not included)" if includer.notes else ""
    root = merge.apply_extends(root, faults, hint=left_out)
    faults.raise_if_any()
    result = _read_root(table(root), reading, includer.notes)
    faults.raise_if_any()
    return result


def _read_root(root: dict[str, Node], reading: Reading, notes: list[Note]) -> ConfigFile:
    stages = _read_stages(root.get("stages"), reading)
    reader = JobReader(reading, _read_defaults(root, reading), stages)
    specs: list[JobSpec] = []
    groups: dict[str, tuple[JobSpec, ...]] = {}
    for name, node in root.items():
        if name not in GLOBAL and not name.startswith(".") and _is_job(name, node, reading):
            groups[name] = reader.read(name, node)
            specs.extend(groups[name])
    variables = parts.variables(root.get("variables"), "variables", reading)
    workflow = _read_workflow(root.get("workflow"), reading, reader)
    return ConfigFile(
        stages=stages,
        jobs=tuple(_spread(spec, groups) for spec in specs),
        variables=variables,
        workflow=workflow,
        notes=_once([*notes, *reader.notes]),
    )


def _is_job(name: str, node: Node, reading: Reading) -> bool:
    if name in RESERVED:
        reading.faults.add(node.place, f"`{name}` cannot be the name of a job")
        return False
    if isinstance(node.value, dict):
        return True
    if name == "spec":
        return False
    reading.unknown(node, name, name, GLOBAL)
    return False


def _read_stages(node: Node | None, reading: Reading) -> tuple[str, ...]:
    found = reading.texts(node, "stages") if node is not None else _STAGES
    inner = dict.fromkeys(name for name in found if name not in (".pre", ".post"))
    return (".pre", *(inner or _STAGES), ".post")


def _read_defaults(root: dict[str, Node], reading: Reading) -> dict[str, Node]:
    defaults = reading.keys(root.get("default"), "default", DEFAULT)
    for key in OLD_DEFAULTS:
        if key in root and key in defaults:
            reading.faults.add(
                root[key].place, f"`{key}` stands at the top and under `default`; keep one"
            )
        elif key in root:
            defaults[key] = root[key]
    return defaults


def _read_workflow(node: Node | None, reading: Reading, reader: JobReader) -> Workflow:
    keys = reading.keys(node, "workflow", ("name", "rules", "auto_cancel"))
    if "auto_cancel" in keys:
        reader.note(keys["auto_cancel"], "auto_cancel")
    return Workflow(
        reading.text(keys.get("name"), "workflow:name"),
        rules.parse_rules(keys.get("rules"), "workflow:rules", reading),
    )


def _spread(spec: JobSpec, groups: Mapping[str, tuple[JobSpec, ...]]) -> JobSpec:
    """Rewrite names of parallel jobs to the names of their instances."""
    dependencies = spec.dependencies
    if dependencies is not None:
        dependencies = tuple(
            item.name
            for name in dependencies
            for item in groups.get(name, (msgspec.structs.replace(spec, name=name),))
        )
    rewritten = tuple(
        msgspec.structs.replace(rule, needs=needs.spread(rule.needs, groups))
        if rule.needs is not None
        else rule
        for rule in spec.rules or ()
    )
    return msgspec.structs.replace(
        spec,
        needs=needs.spread(spec.needs, groups) if spec.needs is not None else None,
        dependencies=dependencies,
        rules=rewritten if spec.rules is not None else None,
    )


def _once(notes: list[Note]) -> tuple[Note, ...]:
    first: dict[str, Note] = {}
    for note in notes:
        first.setdefault(note.keyword, note)
    order = list(INSTEAD)
    return tuple(sorted(first.values(), key=lambda note: order.index(note.keyword)))
