"""Requests and limits of containers and pods, by values that `core.plan.overwrites` has settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podlane.core.plan.overwrites import RESOURCES, Amount


def resources(amounts: Mapping[str, Amount]) -> dict[str, Any]:
    return {"requests": _side(amounts, "request"), "limits": _side(amounts, "limit")}


def _side(amounts: Mapping[str, Amount], kind: str) -> dict[str, str]:
    return {
        name.replace("_", "-"): amounts[key].text
        for name in RESOURCES
        if (key := f"{name}_{kind}") in amounts
    }
