"""`register --template-config`: TOML with one `[[runners]]` that fills what flags left open."""

from __future__ import annotations

from typing import Any

from podlane.core.config.lines import key_lines
from podlane.core.config.toml import read_toml, runner_tables
from podlane.errors import ConfigError


def read_template(text: str) -> dict[str, Any]:
    """Return the template's runner without its token, which is never taken over."""
    runners = runner_tables(read_toml(text), key_lines(text))
    if len(runners) != 1:
        raise ConfigError(
            f"the template holds {len(runners)} `[[runners]]` entries, and must hold one",
            reference="config-template",
        )
    return {key: value for key, value in runners[0].items() if key != "token"}


def fill(runner: dict[str, Any], template: dict[str, Any]) -> dict[str, Any]:
    """Return `runner` with the template's value wherever it has none of its own."""
    filled = dict(runner)
    for key, value in template.items():
        own = runner.get(key)
        if isinstance(own, dict) and isinstance(value, dict):
            filled[key] = fill(own, value)
        elif own in (None, "", [], {}):
            filled[key] = value
    return filled
