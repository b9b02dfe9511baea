"""AWS Secrets Manager: the job's token for a role's credentials, or the pod's own, then one read.

API: docs.aws.amazon.com/secretsmanager (GetSecretValue), docs.aws.amazon.com/STS.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from podlane.clients.cloudauth.aws import Role, assume_role, by_web_identity, find_credentials
from podlane.clients.cloudauth.flow import run_blocking
from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.request import Request
from podlane.clients.secretstore.ask import ask, dig
from podlane.core.job.secret import Aws
from podlane.core.sign.aws import AwsCredentials, Call, Signer, digest, sign_headers
from podlane.errors import Rejected

SERVICE = "aws"
_NAME_LIMIT = 64


def read(http: BlockingHttp, secret: Aws, environ: Mapping[str, str], session: str) -> str | None:
    """The secret's text, or the value of `field` in it; None when it has no such field.

    `environ` may name other addresses of the services, as the SDKs have it (AWS_ENDPOINT_URL…).
    """
    where = region(secret, environ)
    credentials = _credentials(http, secret, environ, session)
    wanted = {"SecretId": secret.secret_id}
    wanted |= {"VersionId": secret.version_id} if secret.version_id else {}
    wanted |= {"VersionStage": secret.version_stage} if secret.version_stage else {}
    body = msgspec.json.encode(wanted)
    signer = Signer(credentials, where, "secretsmanager", time.time())
    call = Call(
        "POST",
        _address(where, environ),
        {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "secretsmanager.GetSecretValue",
        },
        digest(body),
    )
    found = ask(http, SERVICE, Request("POST", call.url, sign_headers(signer, call), body))
    text = dig(found, "SecretString")
    if text is None and (data := dig(found, "SecretBinary")) is not None:
        text = base64.b64decode(str(data)).decode(errors="replace")
    return _field(str(text), secret) if text is not None and secret.field else text


def region(secret: Aws, environ: Mapping[str, str]) -> str:
    return (
        secret.region
        or secret.server.region
        or environ.get("AWS_REGION", "")
        or environ.get("AWS_DEFAULT_REGION", "")
        or "us-east-1"
    )


def session_name(secret: Aws, default: str) -> str:
    """What the role's log will show; AWS takes 64 characters."""
    name = secret.role_session_name or secret.server.role_session_name or default
    kept = "".join(sign if sign.isalnum() or sign in "_+=,.@-" else "-" for sign in name)
    return kept[:_NAME_LIMIT]


def _credentials(
    http: BlockingHttp, secret: Aws, environ: Mapping[str, str], session: str
) -> AwsCredentials:
    """The role's, by the job's token; without a token whatever identity the pod has."""
    where, role = region(secret, environ), secret.role_arn or secret.server.role_arn
    wanted = Role(role, session_name(secret, session))
    if secret.server.jwt and role:
        return run_blocking(by_web_identity(wanted, secret.server.jwt, environ, where), http)
    own = run_blocking(find_credentials(environ, where), http)
    if not role:
        return own
    signer = Signer(own, where, "sts", time.time())
    return run_blocking(assume_role(wanted, signer, environ), http)


def _address(where: str, environ: Mapping[str, str]) -> str:
    told = environ.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or environ.get("AWS_ENDPOINT_URL")
    domain = "amazonaws.com.cn" if where.startswith("cn-") else "amazonaws.com"
    return f"{told.rstrip('/')}/" if told else f"https://secretsmanager.{where}.{domain}/"


def _field(text: str, secret: Aws) -> str | None:
    try:
        found: Any = msgspec.json.decode(text)
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, dict):
        raise Rejected(
            f"the secret {secret.secret_id[:100]} is no flat JSON object, so it has no field",
            service=SERVICE,
            hint="leave `field` out to get the whole text",
        )
    value = found.get(secret.field)
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
