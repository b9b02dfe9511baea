"""What a feature flag does, for `podlane config explain FF_…`."""

from __future__ import annotations

from podlane.core.config.flag_table import FLAGS, nearest
from podlane.errors import PodlaneError

_VERDICTS = {
    "honoured": "honoured, by a job's variable or [runners.feature_flags], which goes before it",
    "always": "the same whether it is on or off",
    "refused": "has no effect; who switches it on is told so in the job's log",
}


def is_flag(asked: str) -> bool:
    return asked.strip().upper().startswith("FF_")


def told(asked: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Its name, its sentence, and what is known beside that."""
    entry = FLAGS.get(asked.strip().upper())
    if entry is None:
        near = nearest(asked.strip())
        raise PodlaneError(
            f"gitlab-runner has no feature flag {asked!r}",
            hint=f"the nearest is {near}" if near else "docs/reference/feature-flags.md has all",
            reference="config-key",
        )
    facts = [
        ("default", "true" if entry.default else "false"),
        ("is", _VERDICTS[entry.verdict]),
        ("reference", "docs/reference/feature-flags.md"),
    ]
    return entry.name, entry.sentence, facts
