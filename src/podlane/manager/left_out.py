"""`[[runners]]` entries with faults: what becomes of each when a file comes into force."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from podlane.core.config.check import Entry
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.pod.names import runner_key

log = logging.getLogger(__name__)


def without_faults(
    config: Config, left_out: tuple[Entry, ...], in_force: Mapping[str, RunnerConfig]
) -> tuple[tuple[RunnerConfig, ...], tuple[str, ...]]:
    """Return the settings that entries with faults keep, and the entries that do not run.

    An entry is known again by `url` and `token`; where these have the fault, it does not run.
    """
    good = {runner_key(runner.url, runner.token) for runner in config.runners}
    kept: dict[str, RunnerConfig] = {}
    out: list[str] = []
    for entry in left_out:
        key = runner_key(entry.runner.url, entry.runner.token)
        is_kept = key in in_force and key not in good
        if is_kept:
            kept[key] = in_force[key]
        else:
            out.append(entry.owner)
        log.error(
            "A runner with faults keeps its old settings"
            if is_kept
            else "A runner with faults takes no jobs",
            extra={"fields": {"runner": entry.owner}},
        )
    return tuple(kept.values()), tuple(out)
