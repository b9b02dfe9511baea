"""Reads a secret from whichever provider keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from podlane.clients.http.blocking import BlockingHttp
from podlane.core.job.secret import Aws, Azure, Gcp, GitLab, Provider, Vault

NAMES: dict[type[Provider], str] = {
    Vault: "vault",
    GitLab: "gitlab_secrets_manager",
    Gcp: "gcp_secret_manager",
    Azure: "azure_key_vault",
    Aws: "aws_secrets_manager",
}


class SecretStore:
    """One for a job: a login is used for all the secrets that it opens.

    `environ`: what tells where a cloud's services are and who the pod is. `session`: the name
    under which AWS logs what the job did, unless the job has its own.
    """

    def __init__(self, http: BlockingHttp, environ: Mapping[str, str], session: str) -> None:
        self._http = http
        self._environ = environ
        self._session = session
        self._vaults: Any = None

    def read(self, provider: Provider) -> str | None:
        """The value; None when the place has no such field. Rejected or Unavailable as told."""
        match provider:
            case Vault() | GitLab():
                found = self._vault(provider)
            case Gcp():
                from podlane.clients.secretstore import gcp

                found = gcp.read(self._http, provider)
            case Azure():
                from podlane.clients.secretstore import azure

                found = azure.read(self._http, provider, self._environ)
            case Aws():
                from podlane.clients.secretstore import aws

                found = aws.read(self._http, provider, self._environ, self._session)
            case _:
                assert_never(provider)
        if found is None or isinstance(found, str):
            return found
        return msgspec.json.encode(found).decode()

    def _vault(self, secret: Vault | GitLab) -> Any:
        if self._vaults is None:
            from podlane.clients.secretstore.vault import VaultReader

            self._vaults = VaultReader(self._http)
        if isinstance(secret, GitLab):
            return self._vaults.read_inline(secret)
        return self._vaults.read(secret)
