"""How objects are shown: whole, as metadata alone, in lists, and as frames of a watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from podlane.local.cluster.failure import failure
from podlane.local.cluster.kinds import Kind, Object

View = Callable[[Object], Object]
_PARTIAL = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}


def whole(item: Object) -> Object:
    return item


def metadata_only(item: Object) -> Object:
    return _PARTIAL | {"metadata": item["metadata"]}


def view_wanted(accept: str, *, is_list: bool) -> View:
    """Choose by the Accept header; `as=` must name the form that fits the request."""
    for offer in accept.split(","):
        wanted = dict(part.strip().partition("=")[::2] for part in offer.split(";")[1:])
        shape = wanted.get("as", "")
        if not shape:
            return whole
        if shape == ("PartialObjectMetadataList" if is_list else "PartialObjectMetadata"):
            return metadata_only
        if shape == "PartialObjectMetadata":
            why = "the requested object is a list"
            raise failure(406, "NotAcceptable", f"you requested {shape}, but {why}")
    why = "only the following media types are accepted: application/json"
    raise failure(406, "NotAcceptable", why)


def list_of(kind: Kind, items: Sequence[Object], metadata: Object, view: View) -> Object:
    if view is metadata_only:
        head = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
        return head | {"metadata": metadata, "items": [view(item) for item in items]}
    bare = [
        {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
        for item in items
    ]
    head = {"kind": f"{kind.name}List", "apiVersion": kind.api_version}
    return head | {"metadata": metadata, "items": bare}


def frame(event_type: str, item: Object) -> bytes:
    """One line of a watch's body."""
    return msgspec.json.encode({"type": event_type, "object": item}) + b"\n"


def bookmark(kind: Kind, version: int, view: View) -> bytes:
    metadata = {"resourceVersion": str(version), "creationTimestamp": None}
    head = {"kind": kind.name, "apiVersion": kind.api_version}
    return frame("BOOKMARK", view(head | {"metadata": metadata}))
