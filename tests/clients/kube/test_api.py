"""The calls on single objects: what is sent, and what the API server's answers become."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from harness.http_server import Answerer, Call, Said, Server, always, serve
from podlane.clients.kube.access import Access, load_access
from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.credential import FixedToken, TokenFile
from podlane.clients.kube.kinds import LEASE, POD, SECRET
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.text.token import Token
from podlane.errors import Gone, Rejected, ServiceError, Unavailable

Open = Callable[..., tuple[KubeApi, Server]]


@pytest.fixture
async def open_api() -> AsyncIterator[Open]:
    """Start a server and give an API on it; both end with the test."""
    async with AsyncExitStack() as stack:

        def opened(answer: Answerer, credential: object = None) -> tuple[KubeApi, Server]:
            server = stack.enter_context(serve(answer))
            settings = KubernetesConfig(host=server.url, bearer_token=Token("hush"))
            access = load_access(settings, {})
            if credential is not None:
                access = msgspec.structs.replace(access, credential=credential)
            api = KubeApi(access, user_agent="podlane/test")
            stack.push_async_callback(api.close)
            return api, server

        yield opened


def status(code: int, reason: str, message: str, **details: object) -> Said:
    body = {"kind": "Status", "code": code, "reason": reason, "message": message}
    return Said(code, {}, json.dumps(body | ({"details": details} if details else {})).encode())


async def test_what_is_sent(open_api: Open) -> None:
    api, server = open_api(always(Said(body=b'{"kind":"Pod"}')))
    assert await api.create(POD, "n s", {"a": 1}) == {"kind": "Pod"}
    await api.get(SECRET, "ns", "x/y")
    await api.patch(POD, "ns", "p", {"metadata": {"annotations": {"a": None}}})
    await api.replace(LEASE, "ns", "l", {"b": 2})
    await api.delete(POD, "ns", "p")
    await api.delete(POD, "ns", "p", grace_seconds=0, only={"uid": "u-1"})
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
    precise = {**options, "gracePeriodSeconds": 0, "preconditions": {"uid": "u-1"}}
    pods = "/api/v1/namespaces/ns/pods"
    assert [(c.method, c.path, json.loads(c.body) if c.body else None) for c in server.calls] == [
        ("POST", "/api/v1/namespaces/n%20s/pods", {"a": 1}),
        ("GET", "/api/v1/namespaces/ns/secrets/x%2Fy", None),
        ("PATCH", f"{pods}/p", {"metadata": {"annotations": {"a": None}}}),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/ns/leases/l", {"b": 2}),
        ("DELETE", f"{pods}/p", options),
        ("DELETE", f"{pods}/p", precise),
    ]
    for call in server.calls:
        assert call.headers["authorization"] == "Bearer hush"
        assert call.headers["user-agent"] == "podlane/test"
        assert call.headers["accept-encoding"] == "identity"
    assert server.calls[2].headers["content-type"] == "application/merge-patch+json"
    assert server.connections == 1


@pytest.mark.parametrize(
    ("said", "kind", "message", "details"),
    [
        (status(404, "NotFound", 'pods "p" not found'), Gone, 'pods "p" not found', "NotFound"),
        (status(410, "Expired", "too old"), Gone, "too old", "Expired"),
        (status(409, "AlreadyExists", "it is"), Rejected, "it is", "AlreadyExists"),
        (status(409, "Conflict", "changed"), Rejected, "changed", "Conflict"),
        (status(422, "Invalid", "spec: bad"), Rejected, "spec: bad", "Invalid"),
        (status(403, "Forbidden", "quota"), Rejected, "quota", "Forbidden"),
        (status(401, "Unauthorized", "who"), Rejected, "who", "Unauthorized"),
        (status(500, "InternalError", "etcd"), Unavailable, "etcd", "InternalError"),
        (Said(502, {}, b"<html>"), Unavailable, "the API server answered 502", ""),
        (Said(404, {}, b"nothing"), Gone, "the API server answered 404", ""),
        (Said(400, {}, b'{"message":null}'), Rejected, "the API server answered 400", ""),
        (status(422, "Invalid", "x" * 4000), Rejected, "x" * 2048, "Invalid"),
    ],
)
async def test_answers_become_errors(
    open_api: Open, said: Said, kind: type[ServiceError], message: str, details: str
) -> None:
    api, _ = open_api(always(said))
    with pytest.raises(kind) as caught:
        await api.create(POD, "ns", {})
    error = caught.value
    assert (error.message, error.details, error.status) == (message, details, said.status)
    assert "hush" not in repr(error)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b""])
async def test_an_answer_that_is_no_object_is_unavailable(open_api: Open, body: bytes) -> None:
    api, _ = open_api(always(Said(body=body)))
    with pytest.raises(Unavailable):
        await api.get(POD, "ns", "p")


async def test_a_server_that_is_busy_and_says_how_long_is_asked_again(open_api: Open) -> None:
    busy = Said(429, {"Retry-After": "0"}, b"{}")
    starting = status(503, "ServiceUnavailable", "starting", retryAfterSeconds=0)
    api, server = open_api(always(busy, starting, Said(201, {}, b'{"a":1}')))
    assert await api.create(POD, "ns", {"b": 2}) == {"a": 1}
    assert [json.loads(call.body) for call in server.calls] == [{"b": 2}] * 3


async def test_a_server_that_stays_busy_is_told_with_its_pause(open_api: Open) -> None:
    api, server = open_api(always(status(429, "TooManyRequests", "later", retryAfterSeconds=0)))
    with pytest.raises(Unavailable, match="later") as caught:
        await api.get(POD, "ns", "p")
    assert caught.value.retry_after == 0
    assert len(server.calls) == 6


async def test_a_busy_server_that_does_not_say_how_long_is_the_callers_matter(
    open_api: Open,
) -> None:
    api, server = open_api(always(Said(503, {}, b"")))
    with pytest.raises(Unavailable) as caught:
        await api.create(POD, "ns", {})
    assert caught.value.retry_after is None
    assert len(server.calls) == 1


class Guard:
    """Lets one token in."""

    def __init__(self, good: str) -> None:
        self.good = good

    def __call__(self, call: Call) -> Said:
        if call.headers.get("authorization") == f"Bearer {self.good}":
            return Said(body=b'{"ok":true}')
        return status(401, "Unauthorized", "Unauthorized")


async def test_a_token_file_is_read_again_when_it_changes(open_api: Open, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one\n")
    guard = Guard("one")
    api, server = open_api(guard, TokenFile(file))
    assert await api.get(POD, "ns", "p")
    (tmp_path / "new").write_text("two\n")
    (tmp_path / "new").replace(file)  # as the kubelet does, by a rename
    guard.good = "two"
    assert await api.get(POD, "ns", "p")
    assert len(server.calls) == 2


async def test_a_refused_token_is_not_sent_again_when_there_is_no_other(
    open_api: Open, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("one")
    api, server = open_api(Guard("two"), TokenFile(tmp_path / "token"))
    with pytest.raises(Rejected, match="Unauthorized"):
        await api.get(POD, "ns", "p")
    assert len(server.calls) == 1


async def test_a_missing_token_file_is_unavailable_and_the_last_token_lasts(
    open_api: Open, tmp_path: Path
) -> None:
    api, _ = open_api(Guard("one"), TokenFile(tmp_path / "token"))
    with pytest.raises(Unavailable, match="token file"):
        await api.get(POD, "ns", "p")
    (tmp_path / "token").write_text("one")
    assert await api.get(POD, "ns", "p")
    (tmp_path / "token").unlink()
    assert await api.get(POD, "ns", "p")


async def test_no_token_no_header(open_api: Open) -> None:
    api, server = open_api(always(Said(body=b"{}")), FixedToken(Token("")))
    await api.get(POD, "ns", "p")
    assert "authorization" not in server.calls[0].headers


def test_an_access_does_not_show_its_token() -> None:
    settings = KubernetesConfig(host="http://h", bearer_token=Token("hush"))
    access: Access = load_access(settings, {})
    assert "hush" not in repr(access)


async def test_a_dry_run_keeps_nothing_and_hears_the_warnings(open_api: Open) -> None:
    told = '299 - "first: \\"a\\" is old", 299 - "second, with a comma"'
    api, server = open_api(always(Said(201, {"Warning": told}, b'{"kind":"Pod"}')))
    made, warnings = await api.try_create(POD, "ns", {"a": 1})
    assert made == {"kind": "Pod"}
    assert warnings == ('first: "a" is old', "second, with a comma")
    assert server.calls[0].path == "/api/v1/namespaces/ns/pods?dryRun=All&fieldValidation=Strict"
