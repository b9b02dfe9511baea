"""The chart's list of values, and what is made of it: its JSON schema and the page of the docs.

`python -m helm.catalogue` (part of `make reference`) writes both; a test fails when they are stale.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "chart/podlane"
LIST = CHART / "files/values.yaml"
SCHEMA = CHART / "values.schema.json"
PAGE = ROOT / "docs/reference/chart.md"

Type = Literal["text", "whole", "flag", "map", "list", "any"]
_TYPES: dict[str, list[str]] = {
    "text": ["string", "null"],
    "whole": ["integer", "null"],
    "flag": ["boolean", "null"],
    "map": ["object", "null"],
    "list": ["array", "null"],
}
_VERDICTS = {
    "honoured": "honoured",
    "own": "podlane's own",
    "ignored": "no effect",
    "refused": "refused",
}


class Value(
    msgspec.Struct, frozen=True, rename={"type": "is", "form": "as"}, forbid_unknown_fields=True
):
    """One line of the list; its head says what the fields mean."""

    value: str
    type: Type
    verdict: Literal["honoured", "ignored", "refused", "own"]
    says: str = ""
    key: str = ""
    form: Literal["", "amount", "env", "tolerations"] = ""
    one_of: tuple[str, ...] = ()


def values() -> tuple[Value, ...]:
    return msgspec.convert(yaml.safe_load(LIST.read_text()), tuple[Value, ...])


def schema() -> str:
    top: dict[str, Any] = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {},
    }
    for one in values():
        at = top
        *parents, name = one.value.split(".")
        for parent in parents:
            at = at["properties"][parent]
        found: dict[str, Any] = {"type": _TYPES[one.type]} if one.type in _TYPES else {}
        if one.says:
            found["description"] = one.says
        if one.one_of:
            found["enum"] = [*one.one_of, None]
        if any(other.value.startswith(f"{one.value}.") for other in values()):
            found["properties"] = {}
        at["properties"][name] = found
    return json.dumps(top, indent=2) + "\n"


def page() -> str:
    lines = [
        "# Values of the Helm chart",
        "",
        "<!-- Made by `make reference` of chart/podlane/files/values.yaml. -->",
        "",
        "Names are those of the official gitlab-runner chart. A value that is *refused* stops",
        "the install with this sentence; one that has *no effect* is named in the notes after it.",
        "[How to install](../chart.md).",
        "",
        "| value | verdict | what it does, or why it does not |",
        "|---|---|---|",
    ]
    return "\n".join([*lines, *map(_row, values())]) + "\n"


def _row(one: Value) -> str:
    said = one.says
    if one.key:
        table, _, key = one.key.rpartition(".")
        where = f"[runners.{table}]" if table else "[[runners]]"
        fills = f"fills `{key}` of `{where}` where `runners.config` leaves it open"
        said = f"{said}; {fills}" if said else fills
    return f"| `{one.value}` | {_VERDICTS[one.verdict]} | {said} |"


if __name__ == "__main__":
    SCHEMA.write_text(schema())
    PAGE.write_text(page())
