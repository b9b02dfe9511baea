"""The HTTP side: routes, the bearer token, faults of the API server, and one line per request.

The verbs themselves are in resources.py, watches in watch.py.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from podlane.local.cluster import failure, faults, selector, views
from podlane.local.cluster.kinds import KINDS, Kind, Object
from podlane.local.cluster.logs import Logs
from podlane.local.cluster.resources import Page, Resources
from podlane.local.cluster.reviews import Reviews
from podlane.local.cluster.store import Store
from podlane.local.cluster.watch import Subject, Watching

_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.0+podlane", "platform": "local"}
_WATCH_SECONDS = 1800.0
_HEALTH = ("/readyz", "/livez", "/healthz")
_PUBLIC = ("/version", *_HEALTH)
_BODY_LIMIT = 3 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Seen(msgspec.Struct, frozen=True):
    """One request as it came, for counting. `token` is who sent it."""

    verb: str
    resource: str
    namespace: str
    name: str
    user_agent: str
    query: Mapping[str, str]
    token: str = ""


class App:
    def __init__(
        self,
        store: Store,
        given: faults.Faults,
        token: str,
        admit: Callable[[Object], None],
        logs: Path,
    ) -> None:
        self.requests: deque[Seen] = deque(maxlen=10_000)
        self.watching = Watching(store)
        self.resources = Resources(store)
        self._logs = Logs(store, logs)
        self._store = store
        self._faults = given
        self.tokens = {token}
        self._admit_pod = admit

    def build(self) -> web.Application:
        app = web.Application(client_max_size=_BODY_LIMIT, middlewares=[self._guard])
        app.router.add_get("/version", self._version)
        for path in _HEALTH:
            app.router.add_get(path, self._ready)
        Reviews(self._faults).add_to(app)
        for prefix in ("/api/v1", "/apis/{group}/v1"):
            app.router.add_route("*", prefix + "/{plural}", self._collection)
            app.router.add_route("*", prefix + "/{plural}/{name}", self._one)
            where = prefix + "/namespaces/{namespace}/{plural}"
            app.router.add_route("*", where, self._collection)
            app.router.add_route("*", where + "/{name}", self._one)
        app.router.add_get(
            "/api/v1/namespaces/{namespace}/{plural:pods}/{name}/log", self._logs.answer
        )
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        seen = _seen(request)
        self.requests.append(seen)
        try:
            fault = await self._struck(seen)
            if fault is not None:
                return _down(request, fault)
            given = request.headers.get("Authorization", "")
            is_known = seen.token in self.tokens
            if not is_known and (given or request.path not in _PUBLIC):
                raise failure.unauthorized()
            return await handler(request)
        except failure.ApiFailure as refusal:
            headers = {"Cache-Control": "no-cache, private"} | refusal.headers
            return _json(refusal.body, refusal.body["code"], headers)
        except web.HTTPException as error:
            if error.status == 413:
                message = f"Request entity too large: limit is {_BODY_LIMIT}"
                return _json(failure.failure(413, "RequestEntityTooLarge", message).body, 413)
            if error.status != 404:
                raise
            return web.Response(status=404, text="404 page not found\n")

    async def _struck(self, seen: Seen) -> faults.ApiDown | None:
        about = (seen.verb, seen.resource, seen.name, seen.namespace, seen.token)
        slow = self._faults.strike_api(faults.ApiSlow, *about)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        no_right = self._faults.strike_api(faults.NoRight, *about)
        if no_right is not None and seen.resource in KINDS:
            kind = KINDS[seen.resource]
            raise failure.no_right(seen.verb, kind, seen.namespace, no_right.user)
        return self._faults.strike_api(faults.ApiDown, *about)

    async def _version(self, request: web.Request) -> web.StreamResponse:
        return _json(_VERSION)

    async def _ready(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok")

    async def _collection(self, request: web.Request) -> web.StreamResponse:
        kind = _kind(request)
        namespace = request.match_info.get("namespace", "")
        if namespace and not kind.is_namespaced:
            raise failure.unknown_resource()
        if request.method == "POST":
            if kind.is_namespaced is not bool(namespace):
                raise _not_allowed()
            item = await _body(request, kind)
            self._admit(kind, namespace, item)
            created = self.resources.create(
                kind, namespace, item, self._admit_pod, is_kept="dryRun" not in request.query
            )
            return _json(_view(request)(created), 201)
        if request.method == "GET":
            return await self._list_or_watch(request, kind, namespace)
        if request.method == "DELETE":
            for item in self._store.items(kind, namespace):
                if _selector(request)(item):
                    key = (namespace, item["metadata"]["name"])
                    self.resources.delete(kind, key, await _options(request))
            return _json(
                {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
            )
        raise _not_allowed()

    def _admit(self, kind: Kind, namespace: str, item: Object) -> None:
        name = (item.get("metadata") or {}).get("name", "")
        where = (item.get("metadata") or {}).get("namespace", namespace)
        refused = self._faults.strike_api(faults.Refused, "create", kind.plural, name, where)
        if refused is None:
            return
        if refused.code == 403:
            raise failure.forbidden(kind, name, refused.why)
        raise failure.failure(refused.code, "", refused.why)

    async def _list_or_watch(
        self, request: web.Request, kind: Kind, namespace: str
    ) -> web.StreamResponse:
        query, selects = request.query, _selector(request)
        version = self._asked_version(query)
        if query.get("watch") in ("1", "true"):
            view = views.view_wanted(request.headers.get("Accept", ""), is_list=False)
            subject = Subject(kind, namespace, selects, view)
            return await self._watch(request, subject, version)
        if version > self._store.version:
            raise failure.version_too_large(version, self._store.version)
        view = views.view_wanted(request.headers.get("Accept", ""), is_list=True)
        page = self.resources.list_page(kind, namespace, selects, Page([], dict(query)))
        return _json(views.list_of(kind, page.items, page.metadata, view))

    async def _watch(
        self, request: web.Request, subject: Subject, version: int
    ) -> web.StreamResponse:
        query = request.query
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        lines = self.watching.lines(
            subject,
            version,
            seconds=float(query.get("timeoutSeconds") or _WATCH_SECONDS),
            bookmarks=query.get("allowWatchBookmarks") in ("1", "true"),
        )
        try:
            async for line in lines:
                if line:
                    await response.write(line)
        finally:
            await lines.aclose()
        return response

    def _asked_version(self, query: Mapping[str, str]) -> int:
        text = query.get("resourceVersion", "") or "0"
        if not text.isdecimal():
            message = (
                f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: '
                f'parsing "{text}": invalid syntax'
            )
            raise failure.failure(500, "", message)
        return int(text)

    async def _one(self, request: web.Request) -> web.StreamResponse:
        kind, view = _kind(request), _view(request)
        key = (request.match_info.get("namespace", ""), request.match_info["name"])
        if kind.is_namespaced is not bool(key[0]):
            raise failure.unknown_resource()
        if request.method == "GET":
            return _json(view(self._store.get(kind, key)))
        if request.method == "PUT":
            return _json(view(self.resources.update(kind, key, await _body(request, kind))))
        if request.method == "PATCH":
            if request.content_type != "application/merge-patch+json":
                raise failure.failure(
                    415, "UnsupportedMediaType", "415: Unsupported Media Type", {}
                )
            return _json(view(self.resources.patch(kind, key, await _body(request, kind))))
        if request.method == "DELETE":
            item, _ = self.resources.delete(kind, key, await _options(request))
            lives_on = kind.name in ("Pod", "Namespace")
            return _json(view(item) if lives_on else _deleted(kind, item))
        raise _not_allowed()


def _seen(request: web.Request) -> Seen:
    info = request.match_info
    verb = _VERBS.get(request.method, request.method.lower())
    if request.method == "GET" and "plural" in info and "name" not in info:
        verb = "watch" if request.query.get("watch") in ("1", "true") else "list"
    return Seen(
        verb,
        info.get("plural", request.path),
        info.get("namespace", ""),
        info.get("name", ""),
        request.headers.get("User-Agent", ""),
        dict(request.query),
        request.headers.get("Authorization", "").removeprefix("Bearer "),
    )


def _down(request: web.Request, fault: faults.ApiDown) -> web.StreamResponse:
    if fault.status == 0:
        if request.transport is not None:
            request.transport.close()
        return web.Response(status=503)
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.status == 429:
        text = "Too many requests, please try again later.\n"
        return web.Response(status=429, text=text, headers=headers)
    message = "the server is currently unable to handle the request"
    reason = "ServiceUnavailable" if fault.status == 503 else "InternalError"
    return _json(failure.failure(fault.status, reason, message).body, fault.status, headers)


def _kind(request: web.Request) -> Kind:
    info = request.match_info
    kind = KINDS.get(info["plural"])
    if kind is None or kind.group != info.get("group", ""):
        raise failure.unknown_resource()
    return kind


def _view(request: web.Request) -> views.View:
    return views.view_wanted(request.headers.get("Accept", ""), is_list=False)


def _selector(request: web.Request) -> selector.Selector:
    by_label = selector.label_selector(request.query.get("labelSelector", ""))
    by_field = selector.field_selector(request.query.get("fieldSelector", ""))
    return selector.both(by_label, by_field)


async def _body(request: web.Request, kind: Kind) -> Any:
    data = await request.read()
    try:
        value = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise failure.bad_request(
            f"the object provided is unrecognized (must be of type {kind.name}): couldn't get "
            f"version/kind; json parse error: {error}"
        ) from error
    if not isinstance(value, dict):
        raise failure.bad_request(f"the object provided is not a {kind.name}")
    return value


async def _options(request: web.Request) -> Object:
    """DeleteOptions from the body or, as kubectl's raw calls send them, from the query."""
    data = await request.read()
    try:
        options: Object = msgspec.json.decode(data) if data else {}
    except msgspec.DecodeError as error:
        raise failure.bad_request(f"json parse error: {error}") from error
    if "gracePeriodSeconds" in request.query:
        options = {"gracePeriodSeconds": int(request.query["gracePeriodSeconds"])} | options
    return options


def _deleted(kind: Kind, item: Object) -> Object:
    details = {"name": item["metadata"]["name"]}
    if kind.group:
        details["group"] = kind.group
    details |= {"kind": kind.plural, "uid": item["metadata"]["uid"]}
    head: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    return head | {"details": details}


def _not_allowed() -> failure.ApiFailure:
    message = "the server does not allow this method on the requested resource"
    return failure.failure(405, "MethodNotAllowed", message, {})


def _json(
    body: Object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body) + b"\n",
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-cache, private"} | dict(headers or {}),
    )
