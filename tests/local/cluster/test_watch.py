"""Watches: frames, selections, bookmarks, old versions, time-outs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from local.cluster.kube_client import Client, Manifest, manifest, shell
from podlane.local.cluster import Cluster

SECRETS = "/api/v1/namespaces/ci/secrets"


class Frames:
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> Manifest:
        """The next frame; empty when the server has ended the watch."""
        async with asyncio.timeout(5):
            line = await self._answer.content.readline()
        return dict(json.loads(line)) if line else {}

    async def types(self, count: int) -> list[tuple[str, str]]:
        frames = [await self.next() for _ in range(count)]
        return [(item["type"], item["object"]["metadata"]["name"]) for item in frames]


@asynccontextmanager
async def watch(client: Client, path: str, **headers: str) -> AsyncIterator[Frames]:
    given = {"Authorization": f"Bearer {client.cluster.token}"} | headers
    async with client.session.get(client.cluster.url + path, headers=given) as answer:
        assert answer.status == 200
        yield Frames(answer)


async def create(client: Client, name: str, **labels: str) -> Manifest:
    return await client.create("secrets", {"metadata": {"name": name, "labels": labels}})


async def test_from_a_version_on(client: Client) -> None:
    await create(client, "before")
    _, page = await client.call("GET", SECRETS)
    version = page["metadata"]["resourceVersion"]
    await create(client, "missed")
    async with watch(client, f"{SECRETS}?watch=1&resourceVersion={version}") as frames:
        await client.call("DELETE", SECRETS + "/before")
        assert await frames.types(2) == [("ADDED", "missed"), ("DELETED", "before")]


async def test_without_a_version_the_present_comes_first(client: Client) -> None:
    await create(client, "a")
    async with watch(client, SECRETS + "?watch=true") as frames:
        await create(client, "b")
        assert await frames.types(2) == [("ADDED", "a"), ("ADDED", "b")]


async def test_who_enters_or_leaves_the_selection(client: Client) -> None:
    merge = {"Content_Type": "application/merge-patch+json"}
    await create(client, "s")
    async with watch(client, SECRETS + "?watch=1&labelSelector=a%3Db&resourceVersion=0") as frames:
        for labels in ({"a": "b"}, {"c": "d"}, {"a": None}):
            await client.call("PATCH", SECRETS + "/s", {"metadata": {"labels": labels}}, **merge)
        types = await frames.types(3)
    assert types == [("ADDED", "s"), ("MODIFIED", "s"), ("DELETED", "s")]


async def test_metadata_alone(client: Client) -> None:
    accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    async with watch(client, SECRETS + "?watch=1", Accept=accept) as frames:
        await client.create("secrets", {"metadata": {"name": "s"}, "data": {"k": "YQ=="}})
        frame = await frames.next()
    assert set(frame["object"]) == {"kind", "apiVersion", "metadata"}


async def test_the_server_ends_it_in_time(client: Client) -> None:
    async with watch(client, SECRETS + "?watch=1&timeoutSeconds=1") as frames:
        assert await frames.next() == {}


async def test_bookmarks_come_only_with_traffic(client: Client, tmp_path: Path) -> None:
    client.cluster.bookmark_seconds = 0.1
    path = SECRETS + "?watch=1&allowWatchBookmarks=true&labelSelector=a%3Db&timeoutSeconds=1"
    async with watch(client, path) as frames:
        created = await create(client, "other")
        frame = await frames.next()
        assert frame["type"] == "BOOKMARK"
        found = frame["object"]["metadata"]["resourceVersion"]
        assert int(found) >= int(created["metadata"]["resourceVersion"])
        assert await frames.next() == {}


async def test_an_old_version_is_told_inside_the_answer(client: Client) -> None:
    await create(client, "s")
    client.cluster.forget_history()
    async with watch(client, SECRETS + "?watch=1&resourceVersion=1") as frames:
        frame = await frames.next()
        assert frame["type"] == "ERROR"
        assert (frame["object"]["code"], frame["object"]["reason"]) == (410, "Expired")
        assert await frames.next() == {}
    _, page = await client.call("GET", SECRETS)
    version = page["metadata"]["resourceVersion"]
    async with watch(client, f"{SECRETS}?watch=1&resourceVersion={version}") as frames:
        await create(client, "t")
        assert await frames.types(1) == [("ADDED", "t")]


async def test_an_open_watch_hears_410_and_a_broken_one_ends(client: Client) -> None:
    await create(client, "s")
    async with watch(client, SECRETS + "?watch=1") as frames:
        assert (await frames.next())["type"] == "ADDED"
        client.cluster.forget_history()
        assert (await frames.next())["type"] == "ERROR"
    async with watch(client, SECRETS + "?watch=1") as frames:
        assert (await frames.next())["type"] == "ADDED"
        client.cluster.break_watches()
        assert await frames.next() == {}


async def test_the_history_is_bounded(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "cluster", history_limit=3)
    await cluster.start()
    cluster.create({"kind": "Namespace", "metadata": {"name": "ci"}})
    try:
        async with aiohttp.ClientSession() as session:
            client = Client(cluster, session)
            for index in range(6):
                await create(client, f"s{index}")
            async with watch(client, SECRETS + "?watch=1&resourceVersion=2") as frames:
                assert (await frames.next())["type"] == "ERROR"
            _, page = await client.call("GET", SECRETS + "?limit=1")
            more = page["metadata"]["continue"]
            for index in range(6):
                await create(client, f"t{index}")
            code, status = await client.call("GET", f"{SECRETS}?limit=1&continue={more}")
            assert (code, status["reason"]) == (410, "Expired")
    finally:
        await cluster.stop()


async def test_a_version_from_the_future(client: Client) -> None:
    code, status = await client.call("GET", SECRETS + "?resourceVersion=99999999")
    assert (code, status["reason"]) == (504, "Timeout")
    assert (await client.call("GET", SECRETS + "?watch=1&resourceVersion=abc"))[0] == 500


async def test_the_life_of_a_pod_as_it_is_seen(client: Client) -> None:
    async with watch(client, "/api/v1/pods?watch=1") as frames:
        await client.create("pods", manifest("p", shell("exit 0")))
        phases: list[Any] = []
        while "Succeeded" not in phases:
            phases.append((await frames.next())["object"]["status"]["phase"])
        await client.call("DELETE", "/api/v1/namespaces/ci/pods/p")
        assert await frames.types(2) == [("MODIFIED", "p"), ("DELETED", "p")]
    assert phases[0] == "Pending"
    assert phases == sorted(phases, key=["Pending", "Running", "Succeeded"].index)
    assert len(phases) <= 7
