"""The real API server takes the objects of every golden case, by its own strict reading.

A dry run goes through all of admission. What pods name and admission looks for (service accounts,
priority and runtime classes) is made first, under names of this test's own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from golden.cases import CASES, FOLDER, build_case
from harness.cluster import RealCluster
from podlane.core.pod.manifests import Manifests

REFUSED: dict[str, str] = {}  # case: the API's words. A reason stands beside each
ACCEPTED = [name for name in CASES if not (FOLDER / name / "outcome.txt").exists()]
CLASSES = {"priorityClassName": "PriorityClass", "runtimeClassName": "RuntimeClass"}


def _objects(found: Manifests) -> list[dict[str, Any]]:
    budget = [found.budget] if found.budget else []
    return [found.record, *found.extra, found.pod, *budget]


def _with_own_classes(item: dict[str, Any], prefix: str) -> dict[str, Any]:
    if item["kind"] != "Pod":
        return item
    spec = item["spec"]
    own = {key: f"{prefix}-{spec[key]}" for key in CLASSES if key in spec}
    return item | {"spec": spec | own}


def _needed(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each once: accounts in the namespace, classes outside of any."""
    specs = [item["spec"] for item in items if item["kind"] == "Pod"]
    names = {
        (key, one[key]) for one in specs for key in ("serviceAccountName", *CLASSES) if key in one
    }
    return [_made(key, name) for key, name in sorted(names)]


def _made(key: str, name: str) -> dict[str, Any]:
    metadata = {"metadata": {"name": name}}
    match key:
        case "priorityClassName":
            head = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
            return head | metadata | {"value": 1}
        case "runtimeClassName":
            head = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass"}
            return head | metadata | {"handler": "runc"}
        case _:
            return {"apiVersion": "v1", "kind": "ServiceAccount"} | metadata


@asynccontextmanager
async def _there(items: list[dict[str, Any]], stage: RealCluster) -> AsyncIterator[None]:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    await stage.kubectl("create", "-f", "-", typed=text)
    try:
        yield
    finally:  # classes are in no namespace, with which they would go
        await stage.kubectl("delete", "-f", "-", "--wait=false", typed=text)


async def _problems(folder: Path, stage: RealCluster) -> dict[str, str]:
    """What the API says to each file, by its name; all in one go unless there is something."""
    if not await _said(folder, stage):
        return {}
    said = {path.stem: await _said(path, stage) for path in sorted(folder.glob("*.json"))}
    return {name: words for name, words in said.items() if words}


async def _said(path: Path, stage: RealCluster) -> str:
    words = ("create", "--dry-run=server", "--validate=strict", "-o", "name", "-f", str(path))
    try:
        await stage.kubectl(*words)
    except RuntimeError as error:
        return str(error)
    return ""


async def test_every_golden_case_is_taken(stage: RealCluster, tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    every: list[dict[str, Any]] = []
    for name in ACCEPTED:
        items = [_with_own_classes(item, stage.namespace) for item in _objects(build_case(name))]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
        (folder / f"{name}.json").write_text(text)
        every += items
    async with _there(_needed(every), stage):
        found = await _problems(folder, stage)
    assert found.keys() == REFUSED.keys(), "\n".join(found.values())
    assert all(words in found[name] for name, words in REFUSED.items())


async def test_a_fault_would_be_seen(stage: RealCluster, tmp_path: Path) -> None:
    """An unknown key and a wrong type, so that the test above cannot be blind."""
    pod = build_case("plain").pod
    unknown = pod | {"spec": pod["spec"] | {"hostAlias": []}}
    wrong = pod | {"spec": pod["spec"] | {"activeDeadlineSeconds": "1"}}
    for name, item in (("unknown", unknown), ("wrong", wrong), ("good", pod)):
        (tmp_path / f"{name}.json").write_text(json.dumps(item))
    assert (await _problems(tmp_path, stage)).keys() == {"unknown", "wrong"}
