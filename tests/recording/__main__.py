"""`python -m recording [name…]`: put pods of the shape of a job's into each bad state, and write
down what the API shows of them (`cases.py`, `ends.py`), trimmed of what no rule reads."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from pathlib import Path
from typing import Any

from harness import cluster, wait
from harness.cluster import RealCluster
from recording.cases import CASES
from recording.ends import ENDS
from recording.shape import SCARCE, Case

FOLDER = Path(__file__).parents[1] / "core/pod/recorded"
_AT_ONCE = 4
_META = ("name", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
_SPEC = ("nodeName", "imagePullSecrets", "priorityClassName", "runtimeClassName")
_CONTAINER = ("name", "image", "args", "resources", "lifecycle")
_STATUS = ("phase", "reason", "message", "containerStatuses")
_STATUSES = ("name", "image", "imageID", "state")


async def main(wanted: list[str]) -> None:
    cases = [case for case in (*CASES, *ENDS) if not wanted or case.name in wanted]
    async with cluster.namespace(f"record-{secrets.token_hex(3)}", Path(), Path()) as stage:
        gate = asyncio.Semaphore(_AT_ONCE)
        await _scarce("add")
        for manifest in (one for case in cases for one in case.objects):
            await stage.create(manifest)
        try:
            await asyncio.gather(*(_record(case, stage, gate) for case in cases))
        finally:
            await _scarce("remove")
            for case in cases:
                for manifest in case.objects:
                    if manifest["kind"] in ("PriorityClass", "RuntimeClass"):
                        await cluster.kubectl(
                            "delete", manifest["kind"], manifest["metadata"]["name"]
                        )


async def _scarce(deed: str) -> None:
    """One of a resource of our own, so that a preemption meets no pod of others."""
    where = {"op": deed, "path": f"/status/capacity/{SCARCE.replace('/', '~1')}"}
    patch = json.dumps([where | ({"value": "1"} if deed == "add" else {})])
    await cluster.kubectl(
        "patch", "node", "node1", "--subresource=status", "--type=json", "-p", patch
    )


async def _record(case: Case, stage: RealCluster, gate: asyncio.Semaphore) -> None:
    async with gate:
        try:
            found = await _play(case, stage)
        except (TimeoutError, RuntimeError) as error:
            print(f"{case.name}: {error}", flush=True)
            return
    whole = {"about": case.about, "kubernetes": "1.34", **found}
    path = FOLDER / f"{case.name}.json"
    text = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    kubelet = str(cluster.kubeconfig().parent / "kubelet")
    path.write_text(text.replace(stage.namespace, "ci").replace(kubelet, "/var/lib/kubelet"))
    print(f"{case.name}: written", flush=True)


async def _play(case: Case, stage: RealCluster) -> dict[str, Any]:
    try:
        await stage.create(case.pod)
    except RuntimeError as error:
        if not case.is_refused:
            raise
        return {"refusal": str(error).partition(": ")[2]}
    last: dict[str, Any] = {}

    async def look() -> bool:
        nonlocal last
        raw = await stage.kubectl("get", "pods", "--ignore-not-found", "-o", "json", case.name)
        if not raw and case.waits_for_end:
            return True
        last = json.loads(raw) if raw else last
        return (
            bool(raw) and not case.waits_for_end and case.is_there(last, await events(case, stage))
        )

    if case.then is not None:
        await wait.until("running", lambda: _runs(case, stage), 60, every=0.3)
        await case.then(stage, case)
    await wait.until(f"the state {case.name}", look, case.seconds, every=0.2)
    seen = await events(case, stage)
    await stage.kubectl(
        "delete",
        "pod",
        case.name,
        "--wait=false",
        "--grace-period=0",
        "--force",
        "--ignore-not-found",
    )
    return {"pod": _trimmed(last), "events": seen, "is_gone": case.waits_for_end}


async def _runs(case: Case, stage: RealCluster) -> bool:
    found = json.loads(await stage.kubectl("get", "pod", case.name, "-o", "json"))
    states = [one["state"] for one in found["status"].get("containerStatuses", ())]
    return bool(states) and all("running" in state for state in states)


async def events(case: Case, stage: RealCluster) -> list[dict[str, str]]:
    """Warnings, as podlane would read them."""
    name = f"involvedObject.name={case.name},type=Warning"
    found = json.loads(await stage.kubectl("get", "events", "--field-selector", name, "-o", "json"))
    return [{"reason": one["reason"], "message": one["message"]} for one in found["items"]]


def _trimmed(pod: dict[str, Any]) -> dict[str, Any]:
    meta, spec, status = pod["metadata"], pod["spec"], pod["status"]
    conditions = [one for one in status.get("conditions", ()) if _tells(one)]
    statuses = [_only(one, _STATUSES) for one in status.get("containerStatuses", ())]
    return {
        "metadata": _only(meta, _META),
        "spec": _only(spec, _SPEC)
        | {"containers": [_only(c, _CONTAINER) for c in spec["containers"]]},
        "status": _only(status, _STATUS)
        | {"conditions": conditions, "containerStatuses": statuses},
    }


def _tells(condition: dict[str, Any]) -> bool:
    return condition["type"] in ("PodScheduled", "DisruptionTarget")


def _only(found: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: found[key] for key in keys if found.get(key)}


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
