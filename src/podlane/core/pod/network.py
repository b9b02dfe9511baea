"""How the pod finds hosts: its DNS, and its /etc/hosts with the services' names."""

from __future__ import annotations

from typing import Any

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.plan import lenient
from podlane.core.plan.services import Service

Manifest = dict[str, Any]


def dns_policy(kubernetes: KubernetesConfig) -> str:
    return lenient.dns_policy(kubernetes.dns_policy)


def dns_config(kubernetes: KubernetesConfig) -> Manifest:
    asked = kubernetes.dns_config
    return {
        "nameservers": list(asked.nameservers),
        "searches": list(asked.searches),
        "options": [{"name": one.name, "value": one.value} for one in asked.options],
    }


def host_aliases(found: tuple[Service, ...], kubernetes: KubernetesConfig) -> list[Manifest]:
    """Every name of every service is this pod itself; then the config's, one entry an address."""
    names: dict[str, dict[str, None]] = {}
    own = [("127.0.0.1", one.hosts) for one in found]
    for ip, hosts in [*own, *((one.ip, one.hostnames) for one in kubernetes.host_aliases)]:
        names.setdefault(ip, {}).update(dict.fromkeys(hosts))
    return [{"ip": ip, "hostnames": list(hosts)} for ip, hosts in names.items() if hosts]
