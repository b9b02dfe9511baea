"""What kubectl makes of the patches in tests/core/pod/patches/table.yaml, without any cluster.

`PYTHONPATH=tests python -m harness.kubectl_patch` writes its answers into results.yaml.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "core/pod/patches"
REFUSED, GONE = "refused", "(gone)"
Results = dict[str, Any]


def table() -> dict[str, Any]:
    found = yaml.safe_load((FOLDER / "table.yaml").read_text())
    assert isinstance(found, dict)
    return found


def results() -> Results:
    found = yaml.safe_load((FOLDER / "results.yaml").read_text())
    assert isinstance(found, dict)
    return found


def answers(kubectl: Path) -> Results:
    """Each patch by its name: what it changes in the spec, or that it is refused."""
    asked = table()
    pod = json.dumps(asked["pod"])
    with ThreadPoolExecutor(4) as pool:
        specs = list(pool.map(lambda one: _spec(kubectl, pod, one), asked["patches"]))
    before = asked["pod"]["spec"]
    return {
        one["about"]: REFUSED if spec == REFUSED else changes(before, spec)
        for one, spec in zip(asked["patches"], specs, strict=True)
    }


def changes(before: Any, after: Any) -> dict[str, Any]:
    """Each path whose value is another, with the new one."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    gone = dict.fromkeys((path for path in old if path not in new), GONE)
    return {path: new[path] for path in new if (path, new[path]) not in old.items()} | gone


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    inside = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(inside, dict) or not inside:
        yield path, value
        return
    for key, item in inside.items():
        yield from _leaves(item, f"{path}/{key}")


def _spec(kubectl: Path, pod: str, one: dict[str, Any]) -> Any:
    kind = one.get("type", "strategic")
    patch = json.dumps(_of_the_pod(one["patch"], kind))
    found = subprocess.run(
        (str(kubectl), "patch", "--local", "-f", "-", "--type", kind, "-o", "json", "-p", patch),
        input=pod,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        return REFUSED
    return json.loads(found.stdout or pod)["spec"]


def _of_the_pod(patch: Any, kind: str) -> Any:
    """Ours begin at the spec, kubectl's at the pod."""
    if kind != "json":
        return {"spec": patch}
    ways = ("path", "from")
    return [one | {way: f"/spec{one[way]}" for way in ways if way in one} for one in patch]


if __name__ == "__main__":
    text = yaml.safe_dump(answers(Path(sys.argv[1])), sort_keys=False, width=100)
    (FOLDER / "results.yaml").write_text(text)
