"""Writes where the jobs go of a runner that names no namespace: to where the manager is."""

from __future__ import annotations

from typing import Any

import tomlkit
from tomlkit.items import AoT, Item, Table

from podlane.core.deploy.secrets import spelt

_STEP = "  "  # as gitlab-runner writes its file


def with_namespaces(text: str, namespace: str) -> str:
    """A runner without a namespace has its jobs beside the manager, not in `default`. The text must
    be a config.toml that parses."""
    document = tomlkit.parse(text if text.endswith("\n") else f"{text}\n")
    runners: Any = document.get("runners", [])
    for runner in runners if isinstance(runners, list) else []:
        _give(runner, namespace)
    return tomlkit.dumps(document)


def _give(runner: Any, namespace: str) -> None:
    key = spelt(runner, "kubernetes") or "kubernetes"
    if key not in runner:
        runner[key] = tomlkit.table() if isinstance(runner, Table) else {}
    kubernetes = runner[key]
    if not isinstance(kubernetes, dict):
        return
    if isinstance(kubernetes, Table) and not _indent_of(kubernetes):
        kubernetes.trivia.indent = _indent_of(_first_value(runner))
    name = spelt(kubernetes, "namespace") or "namespace"
    if kubernetes.get(name):
        return
    is_new = name not in kubernetes
    beside = _first_value(kubernetes)
    kubernetes[name] = namespace
    if is_new and isinstance(kubernetes, Table):
        step = _STEP if _indent_of(kubernetes) else ""
        kubernetes[name].trivia.indent = _indent_of(beside) or _indent_of(kubernetes) + step


def _first_value(table: Any) -> Any:
    """The first of its keys that is no table: the others stand in as far."""
    return next((one for one in table.values() if not isinstance(one, (Table, AoT))), None)


def _indent_of(item: Any) -> str:
    return item.trivia.indent.replace("\n", "") if isinstance(item, Item) else ""
