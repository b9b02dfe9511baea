"""Following a collection for ever, on a server that ends watches, forgets and goes away."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.http_server import Call, Said, Server, serve
from podlane.clients.kube.access import load_access
from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.follow import Broken, Changed, Listed, Pace, Query, follow
from podlane.clients.kube.kinds import POD
from podlane.core.config.kubernetes import KubernetesConfig

QUICK = Pace(first=0.001, most=0.004, short=0.0, told_most=0.05)
Watch = Callable[[str], Iterable[bytes] | Said]


def listed(version: str, *names: str) -> Said:
    items = [{"metadata": {"name": name}} for name in names]
    return Said(
        body=json.dumps({"metadata": {"resourceVersion": version}, "items": items}).encode()
    )


def frame(kind: str, name: str, version: str) -> bytes:
    item = {"metadata": {"name": name, "resourceVersion": version}}
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


def failure(code: int, message: str = "", **more: object) -> dict[str, Any]:
    return {"kind": "Status", "code": code, "message": message, **more}


def said_failure(code: int, message: str = "", headers: dict[str, str] | None = None) -> Said:
    return Said(code, headers or {}, json.dumps(failure(code, message)).encode())


def error_frame(code: int) -> bytes:
    return json.dumps({"type": "ERROR", "object": failure(code, "gone by")}).encode() + b"\n"


class Script:
    """Answers in turn, lists and watches each in theirs; what is left at the end is silence."""

    def __init__(self, lists: list[Said], watches: list[list[bytes] | Said]) -> None:
        self.lists, self.watches = lists, watches
        self.versions: list[str] = []
        self.over = threading.Event()

    def __call__(self, call: Call) -> Said:
        query = parse_qs(urlsplit(call.path).query)
        if "watch" not in query:
            return self.lists.pop(0)
        self.versions.append(query["resourceVersion"][0])
        if not self.watches:
            return Said(body=self._silence())
        said = self.watches.pop(0)
        return said if isinstance(said, Said) else Said(body=said)

    def _silence(self) -> Iterator[bytes]:
        self.over.wait(10)
        return iter(())


def tell(event: Listed | Changed | Broken) -> str:
    match event:
        case Listed(items=items):
            return "all " + "".join(item["metadata"]["name"] for item in items)
        case Changed(type=kind, item=item):
            return f"{kind} {item['metadata']['name']}"
        case Broken(error=error):
            return f"broken: {str(error).rpartition(': ')[2]}"


async def follow_for(server: Server, script: Script, count: int, pace: Pace = QUICK) -> list[str]:
    """The first `count` events, told in words."""
    access = load_access(KubernetesConfig(host=server.url), {})
    api = KubeApi(access, user_agent="podlane/test")
    said: list[str] = []
    async for event in follow(api, Query(POD, "ns", "a=b"), pace):
        said.append(tell(event))
        if len(said) == count:
            break
    script.over.set()
    await api.close()
    return said


async def play(script: Script, count: int, pace: Pace = QUICK) -> list[str]:
    with serve(script) as server:
        return await follow_for(server, script, count, pace)


async def test_a_watch_that_ends_goes_on_where_it_was() -> None:
    bookmark = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\n'
    script = Script(
        [listed("3", "a", "b")],
        [[frame("ADDED", "c", "5")], [], [bookmark], [frame("DELETED", "a", "12")]],
    )
    assert await play(script, 3) == ["all ab", "ADDED c", "DELETED a"]
    assert script.versions == ["3", "5", "5", "9"]


@pytest.mark.parametrize("old", [[error_frame(410)], said_failure(410)])
async def test_a_version_too_old_means_a_new_list_and_no_alarm(old: list[bytes] | Said) -> None:
    script = Script(
        [listed("3", "a"), listed("20", "b")],
        [old, [frame("MODIFIED", "b", "21")]],
    )
    assert await play(script, 3) == ["all a", "all b", "MODIFIED b"]
    assert script.versions[:2] == ["3", "20"]


async def test_an_outage_is_told_once_and_then_all_goes_on() -> None:
    script = Script(
        [said_failure(503, "away"), said_failure(500, "still away"), listed("3", "a")],
        [[frame("ADDED", "b", "4")]],
    )
    assert await play(script, 3) == ["broken: away", "all a", "ADDED b"]


async def test_a_watch_refused_for_ever_is_told_once() -> None:
    forbidden = [said_failure(403, "may not watch") for _ in range(6)]
    script = Script([listed("3", "a") for _ in range(6)], list(forbidden))
    said = await play(script, 6)
    assert said.count("broken: may not watch") == 1
    assert said.count("all a") == 5


async def test_a_cut_watch_that_had_lived_is_no_alarm_and_costs_no_list() -> None:
    cut = Said(
        raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (lambda f: b"%x\r\n%b\r\n" % (len(f), f))(frame("ADDED", "b", "4"))
        + b"99\r\nhalf"
    )
    script = Script([listed("3", "a")], [cut, [frame("ADDED", "c", "5")]])
    assert await play(script, 3) == ["all a", "ADDED b", "ADDED c"]
    assert script.versions[:2] == ["3", "4"]


async def test_watches_that_die_at_once_are_told_and_paced() -> None:
    dying = Said(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\nhalf")
    script = Script([listed("3", "a")], [dying, dying, dying, [frame("ADDED", "b", "4")]])
    pace = Pace(first=0.02, most=0.08, short=60)
    began = time.monotonic()
    said = await play(script, 3, pace)
    cut = "broken: the connection was closed in the middle of an answer"
    assert said == ["all a", cut, "ADDED b"]
    assert time.monotonic() - began > 0.75 * (0.02 + 0.04 + 0.08)


async def test_watches_that_end_at_once_do_not_run_hot() -> None:
    script = Script([listed("3", "a")], [[], [], [], [frame("ADDED", "b", "4")]])
    began = time.monotonic()
    assert await play(script, 2, Pace(first=0.02, most=0.08, short=60)) == ["all a", "ADDED b"]
    assert time.monotonic() - began > 0.75 * (0.02 + 0.04 + 0.08)


async def test_a_server_that_says_when_is_obeyed_up_to_a_limit() -> None:
    busy = said_failure(500, "busy", {"Retry-After": "600"})
    script = Script([busy, listed("3", "a")], [])
    began = time.monotonic()
    assert await play(script, 2) == ["broken: busy", "all a"]
    assert 0.05 <= time.monotonic() - began < 5


async def test_a_server_that_was_away_comes_back() -> None:
    with serve(Script([], [])) as gone:
        port = gone.port
    script = Script([listed("3", "a")], [[frame("ADDED", "b", "4")]])
    access = load_access(KubernetesConfig(host=f"127.0.0.1:{port}"), {})
    api = KubeApi(access, user_agent="podlane/test")
    said: list[str] = []
    async for event in follow(api, Query(POD, "ns", "a=b"), QUICK):
        said.append(tell(event))
        if len(said) == 1:
            back = serve(script, port=port)
            back.__enter__()
        if len(said) == 3:
            break
    script.over.set()
    await api.close()
    back.__exit__(None, None, None)
    assert said == ["broken: connection refused", "all a", "ADDED b"]
