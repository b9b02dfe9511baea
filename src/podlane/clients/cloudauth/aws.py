"""AWS: who the workload is (IRSA, pod identity, ECS, EC2), and roles that it may assume.

Each function is a conversation (`flow`); `environ` holds what the platform tells its workloads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from podlane.clients.cloudauth import flow
from podlane.clients.cloudauth.flow import SERVICE, Flow
from podlane.clients.http.request import Answer, Request
from podlane.core.sign.aws import AwsCredentials, Call, Signer, digest, sign_headers
from podlane.core.text.token import Token
from podlane.errors import Rejected, ServiceError, Unavailable

_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
_CONTAINER = "http://169.254.170.2"
_INSTANCE = "http://169.254.169.254"
_ROLES = "/latest/meta-data/iam/security-credentials/"


class Role(msgspec.Struct, frozen=True):
    """A role to assume. `policy`: JSON that narrows it further; "" leaves it as it is."""

    arn: str
    session_name: str
    policy: str = ""
    seconds: int = 3600


def find_credentials(environ: Mapping[str, str], region: str) -> Flow[AwsCredentials]:
    """The workload's own credentials, looked for in the order of AWS's own libraries."""
    if environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"):
        return AwsCredentials(
            Token(environ["AWS_ACCESS_KEY_ID"]),
            Token(environ["AWS_SECRET_ACCESS_KEY"]),
            Token(environ.get("AWS_SESSION_TOKEN", "")),
        )
    if environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environ.get("AWS_ROLE_ARN"):
        return (yield from _web_identity(environ, region))
    if container := _container_url(environ):
        return (yield from _container(environ, container))
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise _nobody("EC2's metadata is switched off")
    return (yield from _instance(environ))


def assume_role(
    role: Role, signer: Signer, environ: Mapping[str, str] | None = None
) -> Flow[AwsCredentials]:
    """`signer`: for the service `sts`, with the credentials that may assume the role."""
    fields = {
        "Action": "AssumeRole",
        "RoleArn": role.arn,
        "RoleSessionName": role.session_name,
        "DurationSeconds": str(role.seconds),
    }
    if role.policy:
        fields["Policy"] = role.policy
    body = _body(fields)
    url = sts_url(environ or {}, signer.region)
    headers = sign_headers(signer, Call("POST", url, _FORM, digest(body)))
    answer = yield Request("POST", url, headers, body)
    return _session(f"assuming the role {role.arn}", answer)


def by_web_identity(
    role: Role, identity: Token, environ: Mapping[str, str], region: str
) -> Flow[AwsCredentials]:
    """A role's credentials for a token that its trust policy accepts."""
    body = _body(
        {
            "Action": "AssumeRoleWithWebIdentity",
            "RoleArn": role.arn,
            "RoleSessionName": role.session_name,
            "WebIdentityToken": identity.reveal(),
        }
    )
    answer = yield Request("POST", sts_url(environ, region), _FORM, body)
    return _session(f"assuming the role {role.arn} by web identity", answer)


def sts_url(environ: Mapping[str, str], region: str) -> str:
    told = environ.get("AWS_ENDPOINT_URL_STS") or environ.get("AWS_ENDPOINT_URL")
    if told:
        return f"{told.rstrip('/')}/"
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://sts.{region}.{domain}/"


def bucket_region(bucket: str) -> Flow[str]:
    """Ask AWS in which region a bucket lies, which it tells everyone; "" when it does not."""
    answer = yield Request("HEAD", f"https://s3.us-east-1.amazonaws.com/{bucket}")
    return answer.headers.get("x-amz-bucket-region", "")


def _web_identity(environ: Mapping[str, str], region: str) -> Flow[AwsCredentials]:
    """IRSA: the cluster's token for the service account, for a role's credentials."""
    identity = flow.read_file(environ["AWS_WEB_IDENTITY_TOKEN_FILE"], "the web identity token")
    role = Role(environ["AWS_ROLE_ARN"], environ.get("AWS_ROLE_SESSION_NAME") or "podlane")
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or region
    return (yield from by_web_identity(role, Token(identity), environ, region))


def _container_url(environ: Mapping[str, str]) -> str:
    if relative := environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        return f"{_CONTAINER}{relative}"
    return environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")


def _container(environ: Mapping[str, str], url: str) -> Flow[AwsCredentials]:
    """EKS pod identity and ECS: an agent beside the workload."""
    token = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    if file := environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        token = flow.read_file(file, "the pod identity token")
    answer = yield Request("GET", url, {"Authorization": token} if token else {})
    return _document("asking for the container's credentials", answer)


def _instance(environ: Mapping[str, str]) -> Flow[AwsCredentials]:
    """EC2's metadata, version 2."""
    root = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", _INSTANCE).rstrip("/")
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
    try:
        answer = yield Request("PUT", f"{root}/latest/api/token", lifetime)
    except ServiceError as error:
        raise _nobody("EC2's metadata does not answer") from error
    token = flow.require("asking EC2's metadata for a token", answer).body.decode("latin-1")
    headers = {"X-aws-ec2-metadata-token": token}
    answer = yield Request("GET", f"{root}{_ROLES}", headers)
    roles = flow.require("asking EC2's metadata for the role", answer).body.decode("latin-1")
    role = roles.partition("\n")[0].strip()
    if not role:
        raise _nobody("this EC2 instance has no role")
    answer = yield Request("GET", f"{root}{_ROLES}{role}", headers)
    return _document("asking EC2's metadata for credentials", answer)


def _document(what: str, answer: Answer) -> AwsCredentials:
    found: dict[str, Any] = flow.read_object(what, answer)
    return AwsCredentials(
        Token(flow.text_of(found, "AccessKeyId", what)),
        Token(flow.text_of(found, "SecretAccessKey", what)),
        Token(str(found.get("Token") or "")),
        flow.epoch(str(found.get("Expiration") or "")),
    )


def _session(what: str, answer: Answer) -> AwsCredentials:
    body = flow.require(what, answer).body
    parts = [
        flow.element(body, name)
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    ]
    if not all(parts) or not flow.epoch(parts[3]):
        raise Unavailable(f"{what}: the answer holds no credentials", service=SERVICE)
    access, secret, session, end = parts
    return AwsCredentials(Token(access), Token(secret), Token(session), flow.epoch(end))


def _body(fields: Mapping[str, str]) -> bytes:
    return urlencode({**fields, "Version": "2011-06-15"}).encode()


def _nobody(why: str) -> Rejected:
    return Rejected(
        f"no AWS credentials are to be had: {why}",
        service=SERVICE,
        hint="give the service account a role (IRSA or pod identity), or set keys",
    )
