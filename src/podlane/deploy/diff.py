"""What an apply would change, as the API server itself sees it: a trial run beside what stands.

Values of Secrets are never shown: a changed one shows as another mark.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable
from typing import Any

from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.objects import apply, find
from podlane.core.deploy.wish import Manifest, Wish
from podlane.deploy.standing import is_ours, no_longer_wanted, shown, standing
from podlane.errors import Gone

Write = Callable[[Manifest], str]
_NOT_OURS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")


async def differences(
    api: KubeApi, wish: Wish, manifests: tuple[Manifest, ...], write: Write
) -> list[str]:
    """Return lines of a unified diff; none: nothing would change. `write`: an object as text."""
    lines: list[str] = []
    for manifest in manifests:
        before = await find(api, manifest)
        if manifest["kind"] == "Namespace" and before is not None and not is_ours(before):
            continue
        try:
            after = await apply(api, manifest, is_trial=True)
        except Gone:  # its namespace would be made first
            after = manifest
        lines += _diff(shown(manifest), _text(before, write), _text(after, write))
    there = await standing(api, wish.name, wish.namespace)
    for one in no_longer_wanted(there, manifests):
        lines += _diff(shown(one), _text(one, write), "")
    return lines


def _diff(name: str, before: str, after: str) -> list[str]:
    old, new = before.splitlines(), after.splitlines()
    return list(difflib.unified_diff(old, new, f"{name} (there)", f"{name} (wanted)", lineterm=""))


def _text(manifest: Manifest | None, write: Write) -> str:
    if manifest is None:
        return ""
    meta = {key: value for key, value in manifest["metadata"].items() if key not in _NOT_OURS}
    kept = {key: value for key, value in manifest.items() if key not in ("status", "metadata")}
    if manifest.get("kind") == "Secret":
        kept["data"] = {key: _mark(value) for key, value in (manifest.get("data") or {}).items()}
    return write({**kept, "metadata": meta})


def _mark(value: Any) -> str:
    return f"*** ({hashlib.sha256(str(value).encode()).hexdigest()[:6]})"
