"""A job's plan and objects for people's eyes: tokens and masked values are `***`.

Secrets are shown decoded, as `stringData`; what is shown elsewhere (the plan, the pod) is named.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from podlane.core.plan.model import JobPlan
from podlane.core.pod.manifests import Manifests
from podlane.core.text import token

HIDDEN = "***"
Manifest = dict[str, Any]


def render_plan(plan: JobPlan) -> Manifest:
    shown: Manifest = _hidden(_short(json.loads(token.encode_concealed(plan))), _masks(plan))
    return shown


def _short(value: Any) -> Any:
    """Name what would only fill pages: an upload's hundreds of parts, which differ by number."""
    if isinstance(value, dict):
        is_upload = value.get("type") == "s3-parts"
        return {
            key: f"({len(item)} requests)" if is_upload and key == "parts" else _short(item)
            for key, item in value.items()
        }
    return [_short(item) for item in value] if isinstance(value, list) else value


def render_secrets(plan: JobPlan, manifests: Manifests) -> list[Manifest]:
    """The Secrets, and before them the namespace that is made for them."""
    masks = _masks(plan)
    first = [_hidden(manifests.own_namespace, masks)] if manifests.own_namespace else []
    return first + [_hidden(_secret(one), masks) for one in (manifests.record, *manifests.extra)]


def render_pod(plan: JobPlan, manifests: Manifests) -> Manifest:
    shown: Manifest = _hidden(manifests.pod, _masks(plan))
    return shown


def render_budget(plan: JobPlan, manifests: Manifests) -> list[Manifest]:
    return [_hidden(manifests.budget, _masks(plan))] if manifests.budget else []


def _masks(plan: JobPlan) -> list[str]:
    """The longest first, for one may begin another."""
    return sorted((mask.reveal() for mask in plan.trace.masks), key=len, reverse=True)


def _hidden(value: Any, masks: list[str]) -> Any:
    if isinstance(value, str):
        for mask in masks:
            value = value.replace(mask, HIDDEN)
        return value
    if isinstance(value, dict):
        return {_hidden(key, masks): _hidden(item, masks) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item, masks) for item in value]
    return value


def _secret(manifest: Manifest) -> Manifest:
    shown = {key: item for key, item in manifest.items() if key != "data"}
    data = {key: base64.b64decode(text) for key, text in manifest["data"].items()}
    return shown | {"stringData": {key: _shown(key, data[key]) for key in data}}


def _shown(key: str, data: bytes) -> Any:
    if key.startswith("plan."):
        return "(the plan, gzip)"
    if key == "pod":
        return "(the pod, JSON)"
    if key in ("token", "uploads"):
        return HIDDEN
    if key == ".dockerconfigjson":
        auths = json.loads(data)["auths"]
        return {"auths": dict.fromkeys(auths, HIDDEN)}
    return data.decode()
