"""Helm's record of a release: the Secret `sh.helm.release.v1.<name>.v<revision>`, read as it is."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from podlane.core.migrate.release import Manifest
from podlane.errors import PodlaneError

CHART = "gitlab-runner"
_GZIP = 16 + zlib.MAX_WBITS
_MOST = 64 * 1024 * 1024  # a record is at most a Secret; nobody's chart unpacks to more


class Record(msgspec.Struct, frozen=True):
    """`values`: what its owner has set. `chart`: name and version."""

    chart: str
    values: Mapping[str, Any]


def newest(secrets: Iterable[Manifest]) -> Manifest | None:
    """The record in force among all that Helm keeps of one release; else the last revision."""

    def order(secret: Manifest) -> tuple[bool, int]:
        labels = secret["metadata"].get("labels") or {}
        version = str(labels.get("version", ""))
        return labels.get("status") == "deployed", int(version) if version.isdigit() else 0

    return max(secrets, key=order, default=None)


def read_record(secret: Manifest) -> Record:
    """Unpack it; PodlaneError when it is none."""
    try:
        inner = base64.b64decode(base64.b64decode(secret["data"]["release"]))
        unpacker = zlib.decompressobj(_GZIP)
        text = unpacker.decompress(inner, _MOST)
        found = msgspec.json.decode(text)
        meta = found["chart"]["metadata"]
        values = found.get("config") or {}
        if meta["name"] != CHART:  # a chart that holds it, such as GitLab's own
            values = values.get(CHART) or {}
        return Record(f"{meta['name']}-{meta['version']}", values)
    except (KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise PodlaneError(
            f"the Secret {secret['metadata']['name']} is no record of Helm's that can be read",
            hint="`helm get values NAME -o yaml` shows what it holds; give that by --values",
            reference="migrate-helm",
        ) from error
