"""A gitlab-runner as its Helm chart leaves it in a cluster: objects written from the documented
shape of the chart, Helm's own record among them. Its image merely waits."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from typing import Any

Manifest = dict[str, Any]
_WAITS = "trap 'sleep {lingers}; exit 0' TERM QUIT; sleep 86400 & wait"


@dataclass
class OldRelease:
    """`values`: what its owner has set; `template`: `runners.config` as Helm has rendered it."""

    name: str
    namespace: str
    url: str
    token: str
    template: str
    values: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    replicas: int = 1
    concurrent: int = 10
    session: bool = False
    lifecycle: dict[str, Any] = field(default_factory=dict)
    token_key: str = "runner-token"
    grace: int = 3600
    has_record: bool = True
    lingers: int = 0  # seconds that a manager which is told to stop takes for its jobs

    @property
    def full(self) -> str:
        return f"{self.name}-gitlab-runner"

    @property
    def labels(self) -> dict[str, str]:
        chart = "gitlab-runner-0.78.1"
        return {"app": self.full, "chart": chart, "release": self.name, "heritage": "Helm"}

    def objects(self) -> list[Manifest]:
        made = [self._secret(), self._config_map(), self._deployment()]
        made += [_opaque(name, self.namespace, data) for name, data in self.secrets.items()]
        return [*made, self._record()] if self.has_record else made

    def _secret(self) -> Manifest:
        keys = dict.fromkeys(("runner-token", "runner-registration-token"), "")
        keys[self.token_key] = self.token
        return _opaque(self.full, self.namespace, keys) | {
            "metadata": {"name": self.full, "namespace": self.namespace, "labels": self.labels}
        }

    def _config_map(self) -> Manifest:
        config = f'concurrent = {self.concurrent}\ncheck_interval = 1\nlog_level = "info"\n'
        if self.session:
            config += (
                "[session_server]\n  session_timeout = 1800\n"
                '  listen_address = "[::]:8093"\n  advertise_address = "SESSION_SERVER_IP:9000"\n'
            )
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": self.full, "namespace": self.namespace, "labels": self.labels},
            "data": {
                "entrypoint": "#!/bin/bash\nset -e\nsh /configmaps/register-the-runner\n",
                "config.toml": config,
                "config.template.toml": self.template,
                "register-the-runner": (
                    "#!/bin/bash\nfor i in $(seq 1 30); do\n  /entrypoint register \\\n"
                    '    --name="from the script" \\\n'
                    "    --template-config /configmaps/config.template.toml \\\n"
                    "    --non-interactive\ndone\n"
                ),
                "pre-entrypoint-script": "\n",
            },
        }

    def _deployment(self) -> Manifest:
        environment = {"CI_SERVER_URL": self.url, "RUNNER_EXECUTOR": "kubernetes"}
        container: dict[str, Any] = {
            "name": self.full,
            "image": "busybox:1",
            "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-c", _WAITS.format(lingers=self.lingers)],
            "env": [{"name": key, "value": value} for key, value in environment.items()],
            "volumeMounts": [
                {"name": "projected-secrets", "mountPath": "/secrets"},
                {"name": "etc-gitlab-runner", "mountPath": "/home/gitlab-runner/.gitlab-runner"},
                {"name": "configmaps", "mountPath": "/configmaps"},
            ],
        }
        if self.lifecycle:
            container["lifecycle"] = self.lifecycle
        items = [{"key": key, "path": key} for key in ("runner-token", "runner-registration-token")]
        projected = [{"secret": {"name": self.full, "items": items}}]
        projected += [{"secret": {"name": name}} for name in self.secrets]
        pod = {
            "terminationGracePeriodSeconds": self.grace,
            "containers": [container],
            "volumes": [
                {"name": "projected-secrets", "projected": {"sources": projected}},
                {"name": "etc-gitlab-runner", "emptyDir": {"medium": "Memory"}},
                {"name": "configmaps", "configMap": {"name": self.full}},
            ],
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": self.full, "namespace": self.namespace, "labels": self.labels},
            "spec": {
                "replicas": self.replicas,
                "selector": {"matchLabels": {"app": self.full}},
                "template": {"metadata": {"labels": self.labels}, "spec": pod},
            },
        }

    def _record(self) -> Manifest:
        """Helm's: JSON, gzip, base64; the API server's own base64 is the second."""
        release = {
            "name": self.name,
            "info": {"status": "deployed"},
            "chart": {"metadata": {"name": "gitlab-runner", "version": "0.78.1"}},
            "config": {"gitlabUrl": self.url, "runnerToken": self.token, **self.values},
            "version": 1,
            "namespace": self.namespace,
        }
        packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
        labels = {"owner": "helm", "name": self.name, "status": "deployed", "version": "1"}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": f"sh.helm.release.v1.{self.name}.v1",
                "namespace": self.namespace,
                "labels": labels,
            },
            "type": "helm.sh/release.v1",
            "data": {"release": base64.b64encode(packed).decode()},
        }


def _opaque(name: str, namespace: str, data: dict[str, str]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }
