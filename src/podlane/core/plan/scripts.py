"""The steps of the job: what runs in the build container, in order."""

from __future__ import annotations

import re
from typing import Literal

from podlane.core.job.payload import Job, Step
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Script
from podlane.core.plan.resolve import Ground

AFTER_SCRIPT = "after_script"
_SECTION_SIGN = re.compile(r"[^A-Za-z0-9_.-]", re.ASCII)


def scripts(job: Job, context: RunnerContext, ground: Ground) -> tuple[Script, ...]:
    """Every step but after_script, each between the runner's own pre and post build script."""
    runner = context.runner
    found = []
    for step in job.steps:
        if step.name == AFTER_SCRIPT or not step.script:
            continue
        name = _SECTION_SIGN.sub("_", step.name)[:100]
        parts = (
            ("pre_build_script", script_text(runner.pre_build_script)),
            (f"{name}_step", commands(_lines(step, ground))),
            ("post_build_script", script_text(runner.post_build_script)),
        )
        found.append(_script(f"step_{name}", parts, with_folds=_with_folds(job, ground)))
    return tuple(found)


def after_script(job: Job, ground: Ground) -> Script | None:
    lines = [line for step in job.steps if step.name == AFTER_SCRIPT for line in step.script]
    if not lines:
        return None
    parts = ((f"{AFTER_SCRIPT}_step", commands(tuple(lines))),)
    return _script(AFTER_SCRIPT, parts, with_folds=_with_folds(job, ground))


def _script(
    section: str, parts: tuple[tuple[str, tuple[str, ...]], ...], *, with_folds: bool
) -> Script:
    """`parts`: commands by the name that their folded sections begin with."""
    folds = [
        f"section_{name}_{index}" if "\n" in command else ""
        for name, lines in parts
        for index, command in enumerate(lines)
    ]
    whole = tuple(command for _, lines in parts for command in lines)
    return Script(section, whole, tuple(folds) if with_folds and any(folds) else ())


def _with_folds(job: Job, ground: Ground) -> bool:
    return ground.flags["FF_SCRIPT_SECTIONS"] and job.features.trace_sections


def shell(context: RunnerContext) -> Literal["bash", "sh", "pwsh"]:
    match context.runner.shell:
        case "sh":
            return "sh"
        case "pwsh" | "powershell":
            return "pwsh"
        case _:
            return "bash"


def commands(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The entries without blanks around them."""
    return tuple(line.strip() for line in lines)


def script_text(text: str) -> tuple[str, ...]:
    """A script of the config, which is one entry, or none at all."""
    return commands((text,)) if text.strip() else ()


def _lines(step: Step, ground: Ground) -> tuple[str, ...]:
    """GitLab writes the lines of `release` for the runner to expand; all others are the shell's."""
    if step.name != "release":
        return step.script
    return tuple(ground.reader.expand(line, key="release") for line in step.script)
