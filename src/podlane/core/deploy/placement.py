"""What a manager's pod takes over from another: where it may run, and by what names it goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLACEMENT = (
    "affinity",
    "hostAliases",
    "imagePullSecrets",
    "nodeSelector",
    "priorityClassName",
    "runtimeClassName",
    "schedulerName",
    "tolerations",
    "topologySpreadConstraints",
)
_DEFAULTS = {"schedulerName": "default-scheduler"}  # the API server's own


def placement(pod: Mapping[str, Any]) -> dict[str, Any]:
    """Those keys of a pod's spec that say more than the default."""
    return {key: pod[key] for key in PLACEMENT if pod.get(key) and pod[key] != _DEFAULTS.get(key)}


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def proxies(variables: Mapping[str, str]) -> dict[str, str]:
    """How the manager gets out. An address with a password does not belong into a Deployment."""
    return {name: variables[name] for name in PROXIES if "@" not in variables.get(name, "@")}
