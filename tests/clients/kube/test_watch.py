"""Lists in pages and watches as events, however the network cuts them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.http_server import Call, Said, always, serve
from podlane.clients.kube.access import load_access
from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.kinds import POD, SECRET
from podlane.clients.kube.watch import Event, Query, cut_lines, list_items, watch_items
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.errors import Gone, ServiceError, Unavailable


class Meta(msgspec.Struct, frozen=True):
    name: str = ""


class Small(msgspec.Struct, frozen=True):
    metadata: Meta = Meta()


def api_of(url: str) -> KubeApi:
    return KubeApi(load_access(KubernetesConfig(host=url), {}), user_agent="podlane/test")


def pod(name: str, version: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": version}, "spec": {"x": "y" * 50}}


def frame(kind: str, item: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


FRAMES = (
    frame("ADDED", pod("a", "5"))
    + frame("MODIFIED", pod("ä", "6"))
    + frame("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "9"}})
    + frame("DELETED", pod("a", "11"))
)
EVENTS = [
    Event("OPENED", "4"),
    Event("ADDED", "5", Small(Meta("a"))),
    Event("MODIFIED", "6", Small(Meta("ä"))),
    Event("BOOKMARK", "9"),
    Event("DELETED", "11", Small(Meta("a"))),
]
QUERY = Query(POD, "ns", "app=x,y=z", item=Small)


async def watched(url: str, query: Query = QUERY) -> list[Event]:
    api = api_of(url)
    try:
        return [event async for event in watch_items(api, query, "4", seconds=30)]
    finally:
        await api.close()


async def listed(url: str, query: Query = QUERY) -> tuple[list[Any], str]:
    api = api_of(url)
    try:
        return await list_items(api, query)
    finally:
        await api.close()


async def test_watch_tells_each_event_and_where_to_go_on() -> None:
    with serve(always(Said(body=[FRAMES]))) as server:
        assert await watched(server.url) == EVENTS
    assert server.calls[0].path == (
        "/api/v1/namespaces/ns/pods?watch=1&labelSelector=app%3Dx%2Cy%3Dz"
        "&resourceVersion=4&allowWatchBookmarks=true&timeoutSeconds=30"
    )


async def test_watch_sent_byte_by_byte_is_the_same() -> None:
    with serve(always(Said(body=[bytes([byte]) for byte in FRAMES]))) as server:
        assert await watched(server.url) == EVENTS


@given(st.data())
def test_lines_are_the_same_however_they_are_cut(data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b" "))))
    text = b"".join(line + b"\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    async def chunks() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def collect() -> list[bytes]:
        return [line async for line in cut_lines(chunks())]

    with asyncio.Runner() as runner:
        assert runner.run(collect()) == [line for line in lines if line.strip()]
    asyncio.set_event_loop(None)


async def test_a_last_line_without_its_end_is_left_out() -> None:
    with serve(always(Said(body=[FRAMES, FRAMES[:40]]))) as server:
        assert await watched(server.url) == EVENTS


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ({"code": 410, "reason": "Expired", "message": "too old resource version"}, Gone),
        ({"code": 500, "reason": "InternalError", "message": "etcd"}, Unavailable),
        ({"message": "no code at all"}, Unavailable),
    ],
)
async def test_error_event_is_raised(status: dict[str, Any], kind: type[ServiceError]) -> None:
    text = FRAMES + frame("ERROR", {"kind": "Status", "status": "Failure", **status})
    with serve(always(Said(body=[text]))) as server, pytest.raises(kind) as caught:
        await watched(server.url)
    assert caught.value.message == status["message"]


@pytest.mark.parametrize(
    "said",
    [
        Said(body=[b"<html>\n"]),
        Said(body=[b'{"type":"ADDED"}\n']),
        Said(body=[b'{"type":"ADDED","object":{"metadata":{"name":7}}}\n']),
        Said(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        Said(raw=b""),
    ],
)
async def test_a_watch_that_makes_no_sense_is_unavailable(said: Said) -> None:
    with serve(always(said)) as server, pytest.raises(Unavailable):
        await watched(server.url)


async def test_a_list_comes_in_pages() -> None:
    def answer(call: Call) -> Said:
        page = {"a": ("b c", "ab"), "b c": ("d", None), "d": ("", "e")}
        token = call.path.partition("continue=")[2].replace("+", " ") or "a"
        follows, names = page[token]
        items = None if names is None else [pod(name, "1") for name in names]
        meta = {"resourceVersion": f"7{token[0]}", "continue": follows}
        return Said(body=json.dumps({"metadata": meta, "items": items}).encode())

    with serve(answer) as server:
        items, version = await listed(server.url)
    assert [item.metadata.name for item in items] == ["a", "b", "e"]
    assert version == "7d"
    assert [call.path.count("limit=250") for call in server.calls] == [1, 1, 1]


async def test_only_metadata_is_asked_for_where_that_is_enough() -> None:
    def answer(call: Call) -> Said:
        if "watch=1" in call.path:
            return Said(body=[FRAMES])
        return Said(body=b'{"metadata":{"resourceVersion":"3"},"items":[]}')

    query = Query(SECRET, "ns", "a=b", metadata_only=True)
    with serve(answer) as server:
        assert await listed(server.url, query) == ([], "3")
        assert (await watched(server.url, query))[1].item == pod("a", "5")
    accepts = [call.headers["accept"] for call in server.calls]
    assert accepts == [
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    ]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"items":{}}'])
async def test_a_list_that_makes_no_sense_is_unavailable(body: bytes) -> None:
    with serve(always(Said(body=body))) as server, pytest.raises(Unavailable):
        await listed(server.url)
