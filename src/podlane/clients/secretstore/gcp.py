"""Google Secret Manager: the job's token for that of a workload identity, then one read.

API: cloud.google.com/iam/docs/reference/sts, cloud.google.com/secret-manager/docs/reference/rest.
"""

from __future__ import annotations

import base64
import binascii

from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.request import Request
from podlane.clients.secretstore.ask import ask, dig, path, post_json
from podlane.core.job.secret import Gcp
from podlane.errors import Rejected

SERVICE = "gcp"
STS = "https://sts.googleapis.com"
MANAGER = "https://secretmanager.googleapis.com"
_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def read(http: BlockingHttp, secret: Gcp, *, sts: str = STS, manager: str = MANAGER) -> str | None:
    """The payload of one version of the secret. `sts` and `manager` are the services' addresses."""
    server = secret.server
    audience = (
        f"//iam.googleapis.com/projects/{server.project_number}/locations/global/"
        f"workloadIdentityPools/{server.workload_identity_federation_pool_id}/"
        f"providers/{server.workload_identity_federation_provider_id}"
    )
    exchange = {
        "audience": audience,
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requestedTokenType": f"{_TOKEN_TYPE}access_token",
        "scope": _SCOPE,
        "subjectTokenType": f"{_TOKEN_TYPE}jwt",
        "subjectToken": server.jwt.reveal(),
    }
    token = dig(ask(http, SERVICE, post_json(f"{sts}/v1/token", exchange)), "access_token")
    name = (
        secret.name
        if "/" in secret.name
        else f"projects/{server.project_number}/secrets/{secret.name}"
    )
    url = f"{manager}/v1/{path(name, 'versions', str(secret.version) or 'latest')}:access"
    found = ask(http, SERVICE, Request("GET", url, {"Authorization": f"Bearer {token}"}))
    data = dig(found, "payload", "data")
    try:
        return None if data is None else base64.b64decode(str(data)).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Rejected(
            f"the secret {secret.name[:100]} is no text, and a variable can hold nothing else",
            service=SERVICE,
        ) from error
