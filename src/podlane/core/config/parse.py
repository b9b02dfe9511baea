"""config.toml as text → the Config that can run, and notes; ConfigError when nothing can.

What is refused and what is only said is decided in `check.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from podlane.core.config.check import Checked, check
from podlane.core.config.model import Config
from podlane.core.config.notes import ConfigNote
from podlane.errors import ConfigError


def parse(text: str, environ: Mapping[str, str]) -> tuple[Config, tuple[ConfigNote, ...]]:
    """Read config.toml; a runner entry with faults is left out, and its faults are notes."""
    checked = refuse_unfit(check(text, environ))
    return checked.config, checked.notes


def refuse_unfit(checked: Checked) -> Checked:
    """Return it if something of it can run; ConfigError says all that is in the way."""
    if checked.is_fit:
        return checked
    faults = checked.faults
    if not faults:
        raise _nothing_to_run(checked.notes)
    if len(faults) == 1:
        only = faults[0]
        raise ConfigError(_positioned(only), hint=only.hint, reference=only.reference)
    sentences = "".join(f"\n  {_positioned(fault)}" for fault in faults)
    raise ConfigError(
        f"{len(faults)} faults:{sentences}",
        hint="`podlane config check` tells for each what to do",
        reference="config-faults",
    )


def _positioned(fault: ConfigNote) -> str:
    return fault.text.replace(": column", ", column", 1) if not fault.key else fault.text


def _nothing_to_run(notes: tuple[ConfigNote, ...]) -> ConfigError:
    reasons = [note.text for note in notes if note.kind == "skipped"]
    return ConfigError(
        "no runner in this file can take jobs: " + "; ".join(reasons),
        hint='set `executor = "kubernetes"`, or run the other executors with gitlab-runner',
        reference="config-executor",
    )
