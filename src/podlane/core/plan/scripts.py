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
    return tuple(
        Script(
            section=f"step_{_SECTION_SIGN.sub('_', step.name)[:100]}",
            commands=(
                *script_text(runner.pre_build_script),
                *commands(_lines(step, ground)),
                *script_text(runner.post_build_script),
            ),
        )
        for step in job.steps
        if step.name != AFTER_SCRIPT and step.script
    )


def after_script(job: Job) -> Script | None:
    lines = [line for step in job.steps if step.name == AFTER_SCRIPT for line in step.script]
    return Script(AFTER_SCRIPT, commands(tuple(lines))) if lines else None


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
