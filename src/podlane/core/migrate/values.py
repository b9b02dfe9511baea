"""The values of the official chart: which of them go on with podlane, and why others do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from podlane.core.migrate.release import Release


class Left(msgspec.Struct, frozen=True):
    """One thing that does not carry over: what it was, why, and what to do."""

    what: str
    why: str
    do: str


NOTHING = "nothing"

GOES_ON = frozenset(
    [
        "gitlabUrl",
        "runnerToken",
        "runnerRegistrationToken",
        "concurrent",
        "checkInterval",
        "logLevel",
        "logFormat",
        "sentryDsn",
        "connectionMaxAge",
        "shutdown_timeout",
        "certsSecretName",
        "replicas",
        "runners.config",
        "runners.configPath",
        "runners.executor",
        "runners.name",
        "runners.secret",
        "runners.cache.secretName",
        "imagePullSecrets",
        "affinity",
        "nodeSelector",
        "tolerations",
        "topologySpreadConstraints",
        "priorityClassName",
        "runtimeClassName",
        "schedulerName",
        "hostAliases",
        "nameOverride",
        "fullnameOverride",
        "metrics.enabled",
        "metrics.port",
        "metrics.portName",
        "metrics.serviceMonitor.enabled",
        "rbac.create",
        "rbac.clusterWideAccess",
        "rbac.generatedServiceAccountName",
        "rbac.imagePullSecrets",
        "rbac.podSecurityPolicy",
        "serviceAccount.create",
        "serviceAccount.name",
        "serviceAccount.imagePullSecrets",
        "global",
    ]
)
"""Carried over, or without a meaning of their own."""

SEEN = frozenset(
    [
        "sessionServer",
        "unregisterRunners",
        "preEntrypointScript",
        "envVars",
        "extraEnv",
        "extraEnvFrom",
        "secrets",
        "configMaps",
        "volumes",
        "volumeMounts",
        "resources",
        "podAnnotations",
        "podLabels",
        "serviceAccount.annotations",
        "rbac.serviceAccountAnnotations",
        "terminationGracePeriodSeconds",
    ]
)
"""Looked for in the objects themselves, whoever has made them: see left.py."""

_OWN = "podlane's Deployment has its own"
_OF = "the Helm chart's"
_GITLABS = ("GitLab keeps it with the runner", NOTHING)
_OLD_KEY = (
    "it is no longer a key of the official chart",
    "write it into config.toml: `podlane config explain KEY`",
)
_WHY: dict[str, tuple[str, str]] = {
    "image": ("it is gitlab-runner's image", "podlane's is set by --image"),
    "imagePullPolicy": (_OWN, NOTHING),
    "useTini": ("podlane needs no init process", NOTHING),
    "revisionHistoryLimit": ("podlane keeps no old ReplicaSets", NOTHING),
    "probeTimeoutSeconds": (_OWN + " probes, of what the manager does", NOTHING),
    "livenessProbe": (_OWN + " probes, of what the manager does", NOTHING),
    "readinessProbe": (_OWN + " probes, of what the manager does", NOTHING),
    "securityContext": ("podlane's manager is user 1000 on a read-only root anyway", NOTHING),
    "podSecurityContext": ("podlane's manager is user 1000 on a read-only root anyway", NOTHING),
    "strategy": ("a new manager takes over at once; no job notices", NOTHING),
    "hpa": (
        "one manager is enough for any number of jobs, and limits are counted over all",
        "take the HorizontalPodAutoscaler away with the old release",
    ),
    "service": (
        "podlane makes a Service for a ServiceMonitor only",
        "--service-monitor, or a Service of your own on port 9252 of its pods",
    ),
    "metrics.serviceMonitor": (
        "podlane's ServiceMonitor names the port and nothing else",
        "`kubectl patch servicemonitor` keeps what you add",
    ),
    "rbac.rules": (
        "podlane's Roles hold what its config needs, and no more",
        "nothing, unless other programs use that account",
    ),
    "rbac": (_OF + " own way of making accounts", NOTHING),
    "serviceAccount": (_OF + " own way of making accounts", NOTHING),
    "deploymentAnnotations": ("they are the old Deployment's", "`kubectl annotate deployment`"),
    "deploymentLabels": ("they are the old Deployment's", "`kubectl label deployment`"),
    "deploymentLifecycle": ("podlane's manager may stop at any moment", NOTHING),
    "hostname": ("GitLab knows podlane's manager by a system id that stays", NOTHING),
    "extraObjects": ("they belong to the old release", "keep those that you need, by other means"),
    "runners.tags": _GITLABS,
    "runners.locked": _GITLABS,
    "runners.runUntagged": _GITLABS,
    "runners.protected": _GITLABS,
    "runners.maximumTimeout": _GITLABS,
    "runners": _OLD_KEY,
}


def left_of_values(release: Release) -> Iterator[Left]:
    """What its owner has set and podlane has no place for."""
    for path, value in _set(release.values):
        steps = path.split(".")
        prefixes = [".".join(steps[:n]) for n in range(len(steps), 0, -1)]
        if any(prefix in GOES_ON or prefix in SEEN for prefix in prefixes):
            continue
        known = next((_WHY[prefix] for prefix in prefixes if prefix in _WHY), None)
        if known is _OLD_KEY and not release.is_of_values:
            continue  # where it had an effect, the manager's variables show it
        if known is None:
            known = ("podlane does not know this value", "look what it was meant for")
        if value not in (None, "", [], {}, False):
            yield Left(f"value `{path}`", *known)


def _set(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that is no table, by its dotted path; what the table names stays whole."""
    for key, value in values.items():
        path = f"{before}{key}"
        is_whole = path in GOES_ON or path in SEEN or (path in _WHY and path not in _TABLES)
        if isinstance(value, dict) and value and not is_whole:
            yield from _set(value, f"{path}.")
        else:
            yield path, value


_TABLES = ("runners", "rbac", "serviceAccount", "metrics.serviceMonitor")
