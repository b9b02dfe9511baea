"""What is known of a gitlab-runner that runs in a cluster, or of the files it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from podlane.core.text.token import Token

Manifest = dict[str, Any]
MIGRATED_TO = "podlane.dev/migrated-to"  # on the old Deployment: namespace/name of podlane's
REPLICAS = "podlane.dev/migrated-replicas"  # how many managers it had


class Release(msgspec.Struct, frozen=True):
    """`config` is the config.toml that the managers start from; where `registers`, a `register`
    adds one runner to it: from `template`, the manager's variables and the `words` of the script.

    `secrets` are the files of the Secrets mounted for it, by name. `values` are those of the Helm
    release, the chart's own defaults apart; `deployment` is the object as it stands, or what the
    values would make of it.
    """

    name: str
    namespace: str
    deployment: Manifest
    config: str = ""
    template: str = ""
    registers: bool = False
    words: tuple[str, ...] = ()
    environment: Mapping[str, Token] = {}
    secrets: Mapping[str, Token] = {}
    certificates: Mapping[str, str] = {}
    values: Mapping[str, Any] = {}
    chart: str = ""
    pre_entrypoint: str = ""
    is_of_values: bool = False  # made from a file, and not read from a cluster
    missing: tuple[str, ...] = ()  # Secrets and ConfigMaps that it names and that are not there

    @property
    def replicas(self) -> int:
        """How many managers it has, or had before it was migrated."""
        noted = notes_on(self.deployment).get(REPLICAS, "")
        if noted.isdigit():
            return int(noted)
        return int(self.deployment.get("spec", {}).get("replicas", 1))

    @property
    def pod(self) -> Manifest:
        found: Manifest = self.deployment.get("spec", {}).get("template", {}).get("spec", {})
        return found

    @property
    def container(self) -> Manifest:
        """The manager's own: the first, as both the chart and people write it."""
        found: Manifest = next(iter(self.pod.get("containers", ())), {})
        return found

    @property
    def title(self) -> str:
        return f"gitlab-runner release {self.name} in {self.namespace}"

    @property
    def grace(self) -> int:
        """Seconds that a manager has to finish its jobs after it is told to stop."""
        return int(self.pod.get("terminationGracePeriodSeconds", 30))

    @property
    def unregisters(self) -> bool:
        """Whether a manager that stops takes its runner away from GitLab."""
        hook = self.container.get("lifecycle", {}).get("preStop", {}).get("exec", {})
        return "unregister" in " ".join(hook.get("command", ()))


def notes_on(manifest: Manifest) -> dict[str, str]:
    return dict(manifest.get("metadata", {}).get("annotations") or {})
