"""The first look: whether the config.toml is one that a manager can run."""

from __future__ import annotations

from collections.abc import Iterator

from podlane.core.config.check import Checked
from podlane.doctor.finding import Finding, failed, ok

CHECK = "config"


def configuration(file: str, checked: Checked) -> Iterator[Finding]:
    """One line for each fault; the runners without faults are examined further."""
    for fault in checked.faults:
        where = f"{file}:{fault.line}: " if fault.line else f"{file}: "
        fix = fault.hint or f"`podlane config explain {fault.key}` tells what the key takes"
        yield failed(CHECK, where + fault.message, fix)
    if checked.faults:
        return
    if not checked.entries:
        yield failed(
            CHECK, f"{file} has no runner that podlane runs", "`podlane register` adds one"
        )
        return
    count = len(checked.entries)
    notes = len(checked.notes)
    more = f"; {notes} remarks, see `podlane config check`" if notes else ""
    yield ok(CHECK, f"{file}: {count} runner{'s' * (count > 1)}{more}")
