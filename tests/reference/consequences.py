"""What comes of a config.toml: all that podlane makes of it, in parts that can be compared.

A config is a dict here, as TOML has it, so that a key can be put in and taken out.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import tomlkit

from podlane.cli.rehearse import context, rehearse
from podlane.core.job.payload import Job
from podlane.core.text import token
from podlane.errors import JobRefused
from podlane.manager.config_file import check_text
from podlane.manager.effects import effects

NOW = 1_770_000_000.0
ENVIRON = {"RUNNER_TOKEN": "glrt-from-the-environment"}
Tables = dict[str, Any]


def consequences(tables: Tables, job: Job, folder: Path = Path()) -> dict[str, Any]:
    """By part: the plan, the manifests, and each of the manager's effects."""
    checked = check_text(tomlkit.dumps(tables), folder, ENVIRON)
    config = checked.config
    if not config.runners or not checked.is_fit:
        return {"runs nothing": [note.text for note in checked.notes]}
    runner = config.runners[0]
    found = {f"effects.{name}": value for name, value in _fields(effects(config, runner, folder))}
    try:
        made = rehearse(job, context(runner), NOW)
    except JobRefused as refusal:
        return found | {"refused job": str(refusal)}
    return found | {"plan": token.encode_revealed(made.plan), "manifests": made.manifests}


def _fields(struct: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(struct, name)) for name in struct.__struct_fields__]


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The parts that are not the same."""
    return sorted(name for name in one | other if one.get(name) != other.get(name))


def with_key(tables: Tables, name: str, value: Any) -> Tables:
    """A copy with another value at `name`, in the first entry of each list of tables."""
    changed = copy.deepcopy(tables)
    inner = changed
    *steps, last = name.split(".")
    for step in steps:
        found = inner.setdefault(step, {})
        inner = found[0] if isinstance(found, list) else found
    inner[last] = value
    return changed
