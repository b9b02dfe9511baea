"""A started cluster with the namespace `ci`, and a client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from local.cluster.kube_client import Client
from podlane.local.cluster import Cluster


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    cluster = Cluster(tmp_path / "cluster", (tmp_path,))
    await cluster.start()
    cluster.create({"kind": "Namespace", "metadata": {"name": "ci"}})
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(cluster, session)
    finally:
        await cluster.stop()
