"""An API server that only keeps objects, for commands that make and read them: get, list by label,
server-side apply, merge patch, put, trial runs, delete. A Deployment is ready once it stands.

Written from the API's documentation; what a real one adds is tried in tests/cluster.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.http_server import Call, Said
from podlane.clients.kube.objects import path_of

Object = dict[str, Any]
Refusal = Callable[[str, str, bool], str]  # method, path, is it a trial → why not, or ""


@dataclass
class ObjectStore:
    """`refuses` says no to a request; `is_ready` decides for a Deployment's path."""

    objects: dict[str, Object] = field(default_factory=dict)
    refuses: Refusal = lambda _method, _path, _trial: ""
    is_ready: Callable[[str], bool] = lambda _path: True
    changes: list[str] = field(default_factory=list)
    version: int = 0

    def add(self, *manifests: Object) -> None:
        for one in manifests:
            self._keep(path_of(one), json.loads(json.dumps(one)))

    def kubeconfig(self, url: str, folder: Path) -> str:
        """Write one that leads here."""
        named = {"clusters": [{"name": "c", "cluster": {"server": url}}], "current-context": "c"}
        context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
        users = [{"name": "u", "user": {"token": "of-the-user"}}]
        path = folder / "kubeconfig.json"
        path.write_text(json.dumps({**named, "contexts": [context], "users": users}))
        return str(path)

    def answer(self, call: Call) -> Said:
        parts = urlsplit(call.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        is_trial = "dryRun" in query
        if why := self.refuses(call.method, parts.path, is_trial):
            return _status(403, "Forbidden", why)
        if call.method == "GET" and parts.path in self.objects:
            return _json(self._shown(parts.path))
        if call.method == "GET" and parts.path.rpartition("/")[2].endswith("s"):
            return _json(self._list(parts.path, query.get("labelSelector", "")))
        is_apply = "apply" in call.headers.get("content-type", "")
        if call.method == "GET" or not (is_apply or parts.path in self.objects):
            return _status(404, "NotFound", f"{parts.path} not found")
        return _json(self._write(call, parts.path, is_trial=is_trial))

    def _write(self, call: Call, path: str, *, is_trial: bool) -> Object:
        """What is there afterwards, or would be."""
        body = json.loads(call.body or b"{}")
        before = self.objects.get(path, {})
        made: Object = _merged(before, body) if call.method == "PATCH" else body
        if not is_trial:
            self.changes.append(f"{call.method} {path}")
            if call.method == "DELETE":
                return self.objects.pop(path)
            self._keep(path, made)
        return made

    def _keep(self, path: str, manifest: Object) -> None:
        self.version += 1
        meta = manifest["metadata"]
        meta |= {"resourceVersion": str(self.version), "generation": self.version}
        self.objects[path] = manifest

    def _shown(self, path: str) -> Object:
        found = self.objects[path]
        if found["kind"] == "Deployment" and self.is_ready(path):
            count = found["spec"].get("replicas", 1)
            counts = dict.fromkeys(("updatedReplicas", "readyReplicas", "replicas"), count)
            return {**found, "status": {**counts, "observedGeneration": self.version}}
        return found

    def _list(self, path: str, selector: str) -> Object:
        below = [one for one in self.objects if one.rpartition("/")[0] == path]
        items = [self._shown(one) for one in below if _fits(self.objects[one], selector)]
        return {"kind": "List", "metadata": {"resourceVersion": str(self.version)}, "items": items}


def _fits(manifest: Object, selector: str) -> bool:
    labels = manifest["metadata"].get("labels") or {}
    for term in filter(None, selector.split(",")):
        key, sign, value = term.partition("=")
        if term.startswith("!"):
            fits = term[1:] not in labels
        elif key.endswith("!"):
            fits = labels.get(key[:-1]) != value
        else:
            fits = labels.get(key) == value if sign else key in labels
        if not fits:
            return False
    return True


def _merged(before: Any, patch: Any) -> Any:
    """RFC 7386; good enough for an apply of what we ourselves have made."""
    if not isinstance(patch, dict):
        return patch
    found = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = _merged(found.get(key), value)
    return found


def _json(value: Object, status: int = 200) -> Said:
    return Said(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


def _status(code: int, reason: str, message: str) -> Said:
    return _json(
        {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message},
        code,
    )
