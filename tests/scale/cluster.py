"""A real API server, scheduler and etcd of their own, with nodes that kwok plays: pods are placed
and shown as running, and nothing of them runs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from harness import wait
from harness.cluster import called
from scale import program
from stores.process import free_port

HOME = Path(os.environ.get("PODLANE_CLUSTER") or Path.home() / ".cache/podlane-cluster")
PODS_PER_NODE = 250
_HOST = "127.0.0.1"
_AWAY = [
    "TaintNodesByCondition",
    "ServiceAccount",
    "DefaultTolerationSeconds",
    "Priority",
    "StorageObjectInUseProtection",
]


class FakeNodes:
    """`kubeconfig`: of an administrator."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.kubeconfig = folder / "admin.conf"

    async def kubectl(self, *words: str, typed: str = "") -> str:
        whose = ("--kubeconfig", str(self.kubeconfig))
        return await called(HOME / "bin/kubectl", *whose, *words, typed=typed)

    async def make_nodes(self, count: int) -> None:
        nodes = {"kind": "List", "apiVersion": "v1", "items": [_node(n) for n in range(count)]}
        await self.kubectl("create", "-f", "-", typed=json.dumps(nodes))
        await self.kubectl("create", "namespace", "ci")


def _node(number: int) -> dict[str, Any]:
    room = {"cpu": "64", "memory": "512Gi", "pods": str(PODS_PER_NODE)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"fake-{number}", "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "status": {"allocatable": room, "capacity": room},
    }


@contextmanager
def _process(name: str, folder: Path, *words: str) -> Iterator[None]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@asynccontextmanager
async def started(folder: Path, nodes: int) -> AsyncIterator[FakeNodes]:
    """All of it, ready; gone afterwards. Needs the programs of `make cluster-up`."""
    kwok, bin_, pki = await asyncio.to_thread(program.build), HOME / "bin", HOME / "pki"
    etcd_port, peers, port = (free_port(_HOST) for _ in range(3))
    etcd, data = f"http://{_HOST}:{etcd_port}", Path(f"/dev/shm/podlane-scale-{os.getpid()}")
    found = FakeNodes(folder, port)
    admin = (HOME / "admin.conf").read_text()
    found.kubeconfig.write_text(re.sub(r"127\.0\.0\.1:\d+", f"{_HOST}:{port}", admin))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        stack.enter_context(
            _process(
                "etcd",
                folder,
                "etcd",
                f"--data-dir={data}",
                f"--listen-client-urls={etcd}",
                f"--advertise-client-urls={etcd}",
                f"--listen-peer-urls=http://{_HOST}:{peers}",
                "--quota-backend-bytes=4000000000",
                "--unsafe-no-fsync",
            )
        )
        stack.enter_context(
            _process(
                "apiserver",
                folder,
                str(bin_ / "kube-apiserver"),
                f"--etcd-servers={etcd}",
                f"--bind-address={_HOST}",
                f"--secure-port={port}",
                f"--tls-cert-file={pki}/apiserver.crt",
                f"--tls-private-key-file={pki}/apiserver.key",
                f"--client-ca-file={pki}/ca.crt",
                f"--service-account-key-file={pki}/sa.pub",
                f"--service-account-signing-key-file={pki}/sa.key",
                "--service-account-issuer=https://kubernetes.default",
                "--service-cluster-ip-range=10.97.0.0/16",
                "--authorization-mode=RBAC",
                "--feature-gates=WatchList=false",  # needs a newer etcd, and kwok would ask for it
                f"--disable-admission-plugins={','.join(_AWAY)}",
            )
        )
        await wait.until("the API server", lambda: _answers(found), 90, every=0.5)
        config = f"--kubeconfig={found.kubeconfig}"
        scheduler = str(bin_ / "kube-scheduler")
        stack.enter_context(
            _process(
                "scheduler", folder, scheduler, config, "--leader-elect=false", "--secure-port=0"
            )
        )
        stack.enter_context(_process("kwok", folder, str(kwok), config, "--manage-all-nodes=true"))
        await found.make_nodes(nodes)
        await wait.until("the nodes", lambda: _are_ready(found, nodes), 60, every=0.5)
        yield found


async def _answers(found: FakeNodes) -> bool:
    try:
        return (await found.kubectl("get", "--raw", "/readyz")) == "ok"
    except RuntimeError:
        return False


async def _are_ready(found: FakeNodes, count: int) -> bool:
    listed = await found.kubectl("get", "nodes", "--no-headers")
    return sum(line.split()[1] == "Ready" for line in listed.splitlines()) == count
