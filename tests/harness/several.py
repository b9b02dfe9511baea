"""Several managers of one installation on the embedded cluster, each with its own way in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import gitlab, play
from harness.embedded import EmbeddedCluster
from harness.gitlab import Gitlab
from harness.manager import Manager
from harness.scenario import RunnerSpec, merge
from podlane.core.text import seat_names
from podlane.local.cluster.faults import ApiDown

LEASE_SECONDS = 5


@dataclass
class Several:
    stage: EmbeddedCluster
    gitlab: Gitlab
    managers: list[Manager]
    faults: dict[int, ApiDown] = field(default_factory=dict)

    def holders(self) -> list[str]:
        """Who sits on each seat: the number of a manager, or "" for nobody."""
        found = sorted(
            self.stage.cluster.objects("leases"), key=lambda one: one["metadata"]["name"]
        )
        return [(one.get("spec") or {}).get("holderIdentity") or "" for one in found]

    def settler(self) -> int:
        return int(self.holders()[0].removeprefix("pod-"))

    def cut_off(self, number: int) -> None:
        """Let the API server answer one manager no more."""
        fault = self.faults[number] = ApiDown(token=token(number), status=0)
        self.stage.cluster.faults.add(fault)
        self.stage.cluster.break_watches()

    def let_in(self, number: int) -> None:
        self.stage.cluster.faults.remove(self.faults.pop(number))

    def logs(self) -> str:
        return "\n".join(f"--- {one.folder.name}\n{one.log}" for one in self.managers)


def token(number: int) -> str:
    return f"token-of-{number}"


@asynccontextmanager
async def several(
    stage: EmbeddedCluster,
    config: dict[str, Any],
    skews: tuple[float, ...] = (0, 0),
    limit: int = 0,
    autoscaler: dict[str, Any] | None = None,
) -> AsyncIterator[Several]:
    """A manager for each of `skews`: by so many seconds its clock is wrong."""
    count = len(skews)
    for ordinal in range(count):
        await stage.create(lease(stage.environ()["PODLANE_INSTALLATION"], ordinal))
    async with (
        gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served,
        AsyncExitStack() as stack,
    ):
        own = {"limit": limit, "kubernetes": {"autoscaler": autoscaler or {}}}
        whole = play.config_for(stage, served, config, (RunnerSpec(config=own),))
        made = [_manager(stage, whole, number, skews) for number in range(count)]
        for one in made:
            await one.start()
            stack.push_async_callback(one.stop)
        found = Several(stage, served, made)
        try:
            yield found
        except BaseException as error:
            error.add_note(found.logs()[-12000:])
            raise


def lease(installation: str, ordinal: int) -> dict[str, Any]:
    metadata = {
        "name": seat_names.lease_name(installation, ordinal),
        "namespace": "default",
        "labels": seat_names.labels(installation, ordinal),
    }
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}


def _manager(
    stage: EmbeddedCluster, config: dict[str, Any], number: int, skews: tuple[float, ...]
) -> Manager:
    folder = stage.folder / f"manager-{number}"
    folder.mkdir(parents=True)
    stage.cluster.also_takes(token(number))
    own = {"kubernetes": {"bearer_token": token(number)}}
    mine = config | {"runners": [merge(one, own) for one in config["runners"]]}
    environ = {**stage.environ(), **_environ(folder, number, len(skews))}
    return Manager(
        folder, mine, environ | _way_in(stage, folder, number) | _clock(folder, skews[number])
    )


def _environ(folder: Path, number: int, count: int) -> dict[str, str]:
    return {
        "PODLANE_SYSTEM_ID": "r_0123456789ab",
        "PODLANE_REPLICAS": str(count),
        "PODLANE_NAMESPACE": "default",
        "PODLANE_POD": f"pod-{number}",
        "PODLANE_LEASE_SECONDS": str(LEASE_SECONDS),
    }


def _way_in(stage: EmbeddedCluster, folder: Path, number: int) -> dict[str, str]:
    kubeconfig = folder / "kubeconfig"
    way = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": stage.cluster.url}}],
        "users": [{"name": "me", "user": {"token": token(number)}}],
    }
    kubeconfig.write_text(json.dumps(way))
    return {"KUBECONFIG": str(kubeconfig)}


def _clock(folder: Path, skew: float) -> dict[str, str]:
    """Python reads this file at its start: the process's wall clock is wrong from then on."""
    if not skew:
        return {}
    text = f"import time\nright = time.time\ntime.time = lambda: right() + {skew}\n"
    (folder / "sitecustomize.py").write_text(text)
    return {"PYTHONPATH": str(folder)}
