"""A values.yaml of the official chart → the release that it would make; nothing is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tomlkit
import yaml

from podlane.core.deploy.placement import placement
from podlane.core.migrate.release import Release
from podlane.core.text.token import Token
from podlane.errors import ConfigError

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_VALUE = re.compile(
    r"\.(Release\.Namespace|Release\.Name|Values(?:\.[A-Za-z_]\w*)+)(\s*\|\s*quote)?"
)


def read_values(text: str, path: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{path} is not YAML{where}", reference="migrate-values") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no values", reference="migrate-values")
    return found


def release_of_values(values: Mapping[str, Any], name: str, namespace: str) -> Release:
    """ConfigError where a template asks for more than can be known from values."""
    runners = _table(values, "runners")
    full = _full_name(values, name)
    secrets = {
        key: Token(str(values[value]))
        for key, value in (
            ("runner-token", "runnerToken"),
            ("runner-registration-token", "runnerRegistrationToken"),
        )
        if values.get(value)
    }
    environment = {"CI_SERVER_URL": str(values.get("gitlabUrl") or "")}
    environment["RUNNER_EXECUTOR"] = str(runners.get("executor") or "kubernetes")
    environment["RUNNER_NAME"] = str(runners.get("name") or "")
    environment |= {one["name"]: str(one.get("value", "")) for one in values.get("envVars") or ()}
    environment |= {key: str(text) for key, text in (values.get("extraEnv") or {}).items()}
    return Release(
        name=name,
        namespace=namespace,
        deployment=_deployment(values, full, namespace),
        config=_globals(values),
        template=rendered(str(runners.get("config") or ""), values, name, namespace),
        registers=True,
        is_of_values=True,
        environment={key: Token(text) for key, text in environment.items()},
        secrets=secrets,
        values=values,
        pre_entrypoint=str(values.get("preEntrypointScript") or "").strip(),
    )


def rendered(text: str, values: Mapping[str, Any], name: str, namespace: str) -> str:
    """Put in what plain `{{ .Values.… }}` mean; what needs Helm is refused."""

    def put(match: re.Match[str]) -> str:
        known = _VALUE.fullmatch(match[1])
        if known is None:
            raise ConfigError(
                f"runners.config has `{match[0]}`, which only Helm can work out",
                hint="read the release from the cluster (leave --values out), or write what it "
                "comes to",
                reference="migrate-values",
            )
        value: Any = {"Release.Namespace": namespace, "Release.Name": name}.get(known[1])
        if value is None:
            value = values
            for step in known[1].split(".")[1:]:
                value = value.get(step, "") if isinstance(value, dict) else ""
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        return f'"{shown}"' if known[2] else shown

    return _ACTION.sub(put, text)


def _deployment(values: Mapping[str, Any], full: str, namespace: str) -> dict[str, Any]:
    container = {"name": full, "resources": values.get("resources") or {}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": full, "namespace": namespace},
        "spec": {
            "replicas": int(values.get("replicas") or 1),
            "template": {
                "metadata": {
                    "annotations": values.get("podAnnotations") or {},
                    "labels": values.get("podLabels") or {},
                },
                "spec": placement(values)
                | {
                    "terminationGracePeriodSeconds": int(
                        values.get("terminationGracePeriodSeconds") or 3600
                    ),
                    "containers": [container],
                    "volumes": values.get("volumes") or [],
                },
            },
        },
    }


def _globals(values: Mapping[str, Any]) -> str:
    found: dict[str, Any] = {"concurrent": values.get("concurrent", 10)}
    for key, value in (
        ("check_interval", "checkInterval"),
        ("log_level", "logLevel"),
        ("log_format", "logFormat"),
        ("sentry_dsn", "sentryDsn"),
        ("connection_max_age", "connectionMaxAge"),
        ("shutdown_timeout", "shutdown_timeout"),
    ):
        if values.get(value) not in (None, ""):
            found[key] = values[value]
    return tomlkit.dumps(found)


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _full_name(values: Mapping[str, Any], name: str) -> str:
    """The chart's own rule for the names of its objects."""
    if given := values.get("fullnameOverride"):
        return str(given)[:63].rstrip("-")
    own = str(values.get("nameOverride") or "gitlab-runner")
    return (name if name.startswith(own) else f"{name}-{own}")[:63].rstrip("-")
