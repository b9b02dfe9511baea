"""Azure Key Vault: the job's token is the client's assertion, then one read.

API: learn.microsoft.com/rest/api/keyvault/secrets/get-secret, and Entra's client credentials flow.
"""

from __future__ import annotations

from collections.abc import Mapping

from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.request import Request
from podlane.clients.secretstore.ask import ask, dig, path, post_form
from podlane.core.job.secret import Azure

SERVICE = "azure"
AUTHORITY = "https://login.microsoftonline.com"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SUFFIX = ".vault.azure.net"


def read(http: BlockingHttp, secret: Azure, environ: Mapping[str, str]) -> str | None:
    """The value of one version of the secret; AZURE_AUTHORITY_HOST names another cloud's login."""
    server = secret.server
    authority = environ.get("AZURE_AUTHORITY_HOST", "").rstrip("/") or AUTHORITY
    login = post_form(
        f"{authority}/{path(server.tenant_id)}/oauth2/v2.0/token",
        {
            "client_id": server.client_id,
            "client_assertion_type": _ASSERTION,
            "client_assertion": server.jwt.reveal(),
            "grant_type": "client_credentials",
            "scope": _scope(server.url),
        },
    )
    token = dig(ask(http, SERVICE, login), "access_token")
    url = f"{server.url.rstrip('/')}/{path('secrets', secret.name, secret.version)}?api-version=7.4"
    found = ask(http, SERVICE, Request("GET", url, {"Authorization": f"Bearer {token}"}))
    value = dig(found, "value")
    return None if value is None else str(value)


def _scope(vault: str) -> str:
    """The vaults of each of Azure's clouds have a scope of their own, which their host tells."""
    host = vault.partition("://")[2].partition("/")[0].partition(":")[0]
    _, mark, cloud = host.partition(".vault.")
    return f"https://vault.{cloud}/.default" if mark else f"https://vault{_SUFFIX[6:]}/.default"
