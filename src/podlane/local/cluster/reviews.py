"""What the API server answers about rights, and about what this cluster has without keeping it:
every service account is there.

A right is lacking where a `NoRight` fault would refuse the call.
"""

from __future__ import annotations

import msgspec
from aiohttp import web

from podlane.local.cluster.faults import Faults, NoRight
from podlane.local.cluster.kinds import Object

_USER = "system:serviceaccount:ci:podlane"
_ACCESS = "{plural:selfsubjectaccessreviews|subjectaccessreviews}"


class Reviews:
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def add_to(self, app: web.Application) -> None:
        """Before the routes for objects of any kind."""
        app.router.add_post(f"/apis/authorization.k8s.io/v1/{_ACCESS}", self._access)
        app.router.add_post("/apis/authentication.k8s.io/v1/selfsubjectreviews", self._who)
        where = "/api/v1/namespaces/{namespace}/serviceaccounts/{name}"
        app.router.add_get(where, self._account)

    async def _access(self, request: web.Request) -> web.Response:
        review: Object = msgspec.json.decode(await request.read())
        asked = review["spec"].get("resourceAttributes") or {}
        parts = (asked.get("resource", ""), asked.get("subresource", ""))
        resource, namespace = "/".join(filter(None, parts)), asked.get("namespace", "")
        about = (asked.get("verb", ""), resource, asked.get("name", ""), namespace)
        allowed = self._faults.strike_api(NoRight, *about) is None
        return _answer(review | {"status": {"allowed": allowed}})

    async def _who(self, request: web.Request) -> web.Response:
        review: Object = msgspec.json.decode(await request.read())
        return _answer(review | {"status": {"userInfo": {"username": _USER}}})

    async def _account(self, request: web.Request) -> web.Response:
        info = request.match_info
        meta = {"name": info["name"], "namespace": info["namespace"]}
        return _answer({"kind": "ServiceAccount", "apiVersion": "v1", "metadata": meta}, 200)


def _answer(body: Object, status: int = 201) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )
