"""The `secrets:` of a job as GitLab sends them: where each value is kept, and who may read it.

Field names are GitLab's (Ci::Secrets). A secret names exactly one provider; one that we do not
know is kept as none.
"""

from __future__ import annotations

import msgspec

from podlane.core.text.token import Token


class VaultJwt(msgspec.Struct, frozen=True, omit_defaults=True):
    jwt: Token = Token("")
    role: str = ""


class VaultAuth(msgspec.Struct, frozen=True, omit_defaults=True):
    """`path`: where the auth method is mounted, `jwt` if nothing is said."""

    name: str = ""
    path: str = ""
    data: VaultJwt = VaultJwt()


class VaultServer(msgspec.Struct, frozen=True, omit_defaults=True):
    url: str = ""
    namespace: str = ""
    auth: VaultAuth = VaultAuth()


class Engine(msgspec.Struct, frozen=True, omit_defaults=True):
    """`name` is `kv-v1`, `kv-v2` or `generic`; `path` is where it is mounted."""

    name: str = ""
    path: str = ""


class Vault(msgspec.Struct, frozen=True, omit_defaults=True, tag="vault"):
    server: VaultServer = VaultServer()
    engine: Engine = Engine()
    path: str = ""
    field: str = ""


class InlineAuth(msgspec.Struct, frozen=True, omit_defaults=True):
    path: str = ""
    jwt: Token = Token("")
    role: str = ""
    auth_mount: str = ""


class GitLabServer(msgspec.Struct, frozen=True, omit_defaults=True):
    url: str = ""
    namespace: str = ""
    inline_auth: InlineAuth = InlineAuth()


class GitLab(msgspec.Struct, frozen=True, omit_defaults=True, tag="gitlab_secrets_manager"):
    """GitLab's own secrets manager: an OpenBao that takes the token with the request."""

    server: GitLabServer = GitLabServer()
    engine: Engine = Engine()
    path: str = ""
    field: str = ""


class GcpServer(msgspec.Struct, frozen=True, omit_defaults=True):
    project_number: str | int = ""
    workload_identity_federation_pool_id: str = ""
    workload_identity_federation_provider_id: str = ""
    jwt: Token = Token("")


class Gcp(msgspec.Struct, frozen=True, omit_defaults=True, tag="gcp_secret_manager"):
    name: str = ""
    version: str | int = "latest"
    server: GcpServer = GcpServer()


class AzureServer(msgspec.Struct, frozen=True, omit_defaults=True):
    client_id: str = ""
    tenant_id: str = ""
    jwt: Token = Token("")
    url: str = ""


class Azure(msgspec.Struct, frozen=True, omit_defaults=True, tag="azure_key_vault"):
    name: str = ""
    version: str = ""
    server: AzureServer = AzureServer()


class AwsServer(msgspec.Struct, frozen=True, omit_defaults=True):
    region: str = ""
    jwt: Token = Token("")
    role_arn: str = ""
    role_session_name: str = ""


class Aws(msgspec.Struct, frozen=True, omit_defaults=True, tag="aws_secrets_manager"):
    """`field`: a key of a value that is a flat JSON object. Without `server.jwt` the pod's own
    identity reads it. What stands here beats what stands in `server`."""

    secret_id: str = ""
    version_id: str = ""
    version_stage: str = ""
    field: str = ""
    region: str = ""
    role_arn: str = ""
    role_session_name: str = ""
    server: AwsServer = AwsServer()


Provider = Vault | GitLab | Gcp | Azure | Aws


class Secret(msgspec.Struct, frozen=True):
    """`file`: the variable names a file that holds the value, unless GitLab says false."""

    file: bool = True
    vault: Vault | None = None
    gcp_secret_manager: Gcp | None = None
    azure_key_vault: Azure | None = None
    aws_secrets_manager: Aws | None = None
    gitlab_secrets_manager: GitLab | None = None

    @property
    def provider(self) -> Provider | None:
        return (
            self.vault
            or self.gcp_secret_manager
            or self.azure_key_vault
            or self.aws_secrets_manager
            or self.gitlab_secrets_manager
        )
