"""What somebody asks `podlane deploy` for, and the names that follow from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from podlane.core.config.model import Config
from podlane.core.text.token import Token

Manifest = dict[str, Any]

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER = "podlane-deploy"  # not "podlane": that is the mark of the jobs' objects
NAMESPACES = "podlane.dev/namespaces"  # on the ConfigMap: where Roles of the deployment are, and
ANYWHERE = "*"  # where a ClusterRole lets jobs be in any
WHY = "podlane.dev/why"  # on a ClusterRole: what of the config cannot do without it
CREDENTIAL = "podlane.dev/credential"  # on what `deploy secret add` made: no apply takes it away
METRICS_PORT = 9252


class Extras(msgspec.Struct, frozen=True):
    """What is made on request only."""

    network_policy: bool = False
    service_monitor: bool = False
    certificates_in_jobs: bool = False


class Wish(msgspec.Struct, frozen=True):
    """`config_text` stands in the ConfigMap and holds no secret; `secrets` are those it names.

    `config` is the same file, parsed. `certificates` maps file names to PEM texts. `placement`:
    keys of the manager's pod, as placement.py lists them; `proxies`: variables of its container.
    """

    config_text: str
    config: Config
    secrets: Mapping[str, Token]
    image: str
    name: str = "podlane"
    namespace: str = "podlane"
    replicas: int = 1
    certificates: Mapping[str, str] = {}
    system_id: str = ""
    extras: Extras = Extras()
    placement: Mapping[str, Any] = {}
    proxies: Mapping[str, str] = {}

    @property
    def labels(self) -> dict[str, str]:
        return {NAME: "podlane", INSTANCE: self.name, MANAGED_BY: OWNER}

    @property
    def installation(self) -> str:
        """What the jobs' objects are told apart by; stays the same over upgrades."""
        return installation_of(self.name, self.namespace)


def installation_of(name: str, namespace: str) -> str:
    digest = hashlib.sha256(f"{namespace}/{name}".encode()).hexdigest()
    return f"{name[:40]}-{digest[:8]}"


def selector(name: str) -> str:
    """The label selector that finds all that `podlane deploy` made under a name."""
    return f"{MANAGED_BY}={OWNER},{INSTANCE}={name}"


def why(manifest: Manifest) -> str:
    """What of the config needs rights that no namespace bounds, where the object gives such."""
    return str(manifest["metadata"].get("annotations", {}).get(WHY, ""))


def metadata(wish: Wish, name: str, namespace: str | None = "") -> Manifest:
    """`namespace`: empty: the manager's own; None: the object has none."""
    found: Manifest = {"name": name, "labels": wish.labels}
    return found if namespace is None else found | {"namespace": namespace or wish.namespace}


def derived_system_id(wish: Wish) -> str:
    """A system id that survives restarts, upgrades and a lost disk: the same wish, the same id."""
    tokens = "\n".join(sorted(one.token.reveal() for one in wish.config.runners))
    text = f"{wish.namespace}/{wish.name}\n{tokens}"
    return f"r_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
