"""`[runners.feature_flags]`: what its owner should know, and the values that are none.

A value that is not `true` or `false` is left out, so the flag's default holds.
"""

from __future__ import annotations

from typing import Any

from podlane.core.config.flag_table import FLAGS, nearest
from podlane.core.config.notes import ConfigNote, NoteKind
from podlane.core.config.place import Found, Place

KEY = "feature_flags"


def sifted(values: dict[str, Any], place: Place) -> tuple[dict[str, Any], list[Found]]:
    """The runner's values with the flags that can be used, and what is to be said of the rest."""
    asked = values.get(KEY)
    if not isinstance(asked, dict):
        return values, []
    used = {name: value for name, value in asked.items() if isinstance(value, bool)}
    remarks = [(name, _remark(name, value)) for name, value in asked.items()]
    inside = place.inside(KEY)
    found = [_found(name, remark, inside) for name, remark in remarks if remark is not None]
    return values | {KEY: used}, found


def _remark(name: str, value: Any) -> tuple[NoteKind, str] | None:
    entry = FLAGS.get(name)
    if entry is None:
        near = nearest(name)
        hint = f"the nearest known flag is `{near}`" if near else "no known flag looks like it"
        return "unknown", f"is no feature flag of gitlab-runner: {hint}"
    if not isinstance(value, bool):
        default = "true" if entry.default else "false"
        return "careful", f"must be `true` or `false`; its default, `{default}`, holds"
    if value and entry.verdict == "refused":
        return "moot", f"has no effect: {entry.sentence.rstrip('.')}"
    return None


def _found(name: str, remark: tuple[NoteKind, str], place: Place) -> Found:
    kind, what = remark
    shown = place.key(name)
    return Found(ConfigNote(kind, shown, f"`{shown}` {what}"), (*place.path, name))
