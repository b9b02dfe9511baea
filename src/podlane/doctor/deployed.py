"""A deployment seen from elsewhere: its config, secrets, certificates and identity, read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from podlane.clients.kube.api import KubeApi
from podlane.core.config.check import Checked, check
from podlane.core.config.model import RunnerConfig
from podlane.core.deploy.wish import Wish, derived_system_id
from podlane.deploy.live import live
from podlane.deploy.tokens import with_ca

BUNDLE = "ca.crt"


class Deployed(msgspec.Struct, frozen=True):
    """`environ`: ours, with the deployment's secrets by the names that its config uses."""

    wish: Wish
    checked: Checked
    environ: Mapping[str, str]

    @property
    def system_id(self) -> str:
        return self.wish.system_id or derived_system_id(self.wish)

    def runners(self, folder: Path) -> tuple[RunnerConfig, ...]:
        """Those that run. Files of the manager's pod are not here: what it trusts beyond the
        system's store is written to `folder`."""
        bundle = ""
        if self.wish.certificates:
            bundle = str(folder / BUNDLE)
            Path(bundle).write_text("\n".join(self.wish.certificates.values()))
        return tuple(with_ca(one, bundle) for one in self.checked.config.runners)


async def deployed(api: KubeApi, name: str, namespace: str, environ: Mapping[str, str]) -> Deployed:
    """PodlaneError when there is no such deployment."""
    wish = await live(api, name, namespace)
    secrets = {key: value.reveal() for key, value in wish.secrets.items()}
    whole = {**environ, **secrets}
    return Deployed(wish, check(wish.config_text, whole), whole)
