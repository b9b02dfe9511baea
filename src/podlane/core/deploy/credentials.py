"""Credentials of the jobs: a Secret where they run, and its mount in config.toml."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from podlane.core.config.edit import add_secret_volume
from podlane.core.config.toml import read_toml
from podlane.core.deploy.wish import CREDENTIAL, INSTANCE, MANAGED_BY, NAME, OWNER, Manifest
from podlane.errors import ConfigError

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")


def credential(deployment: str, name: str, namespace: str, values: Mapping[str, bytes]) -> Manifest:
    """The Secret, which goes with the deployment. ConfigError for names that it cannot have."""
    for text, pattern, what in ((name, _NAME, "Secret"), *((k, _KEY, "key") for k in values)):
        if not pattern.fullmatch(text):
            raise ConfigError(
                f"{text!r} is no name for a {what}",
                hint="letters, digits, dots and dashes; a Secret's name has small letters only",
                reference="secret-name",
            )
    labels = _labels(deployment) | {CREDENTIAL: "true"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "type": "Opaque",
        "data": {key: base64.b64encode(value).decode() for key, value in values.items()},
    }


def namespace_of(deployment: str, name: str) -> Manifest:
    """The namespace, where nobody has made it yet; `apply` finds it as its own."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": _labels(deployment)},
    }


def _labels(deployment: str) -> dict[str, str]:
    return {NAME: "podlane", INSTANCE: deployment, MANAGED_BY: OWNER}


def with_mounts(text: str, name: str, mount: str, runner: str) -> tuple[str, tuple[str, ...]]:
    """Mount the Secret in the runners (`runner`: only the one of this name); return the new text
    and the namespaces of their jobs ("": the manager's own). What is mounted already stays."""
    entries = read_toml(text).get("runners", [])
    chosen = [i for i, one in enumerate(entries) if not runner or one.get("name") == runner]
    if not chosen:
        raise ConfigError(
            f"there is no runner {runner!r}" if runner else "the file has no runners",
            hint="`podlane list` shows the runners",
            reference="no-runner",
        )
    if not mount.startswith("/"):
        raise ConfigError(f"--mount {mount!r} is not an absolute path", reference="mount-path")
    for index in chosen:
        kubernetes = entries[index].get("kubernetes", {})
        mounts = kubernetes.get("volumes", {}).get("secret", [])
        if not any((one.get("name"), one.get("mount_path")) == (name, mount) for one in mounts):
            text = add_secret_volume(text, index, name, mount)
    places = [entries[index].get("kubernetes", {}).get("namespace", "") for index in chosen]
    return text, tuple(dict.fromkeys(places))
