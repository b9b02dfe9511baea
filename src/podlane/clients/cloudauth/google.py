"""Google: who the workload is (a key file, or the metadata server), and IAM that signs for it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from podlane.clients.cloudauth import flow
from podlane.clients.cloudauth.flow import SERVICE, Flow
from podlane.clients.http.request import Request
from podlane.core.text.token import Token
from podlane.errors import Rejected, ServiceError, Unavailable

_METADATA = "metadata.google.internal"
_FLAVOR = {"Metadata-Flavor": "Google"}
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default"


class KeyFile(msgspec.Struct, frozen=True):
    """A service account with its private key (PEM)."""

    email: str
    private_key: Token


class Workload(msgspec.Struct, frozen=True):
    """The service account that the workload runs as, with a token for Google's APIs."""

    email: str
    access_token: Token
    expires_at: float


def read_key_file(path: str) -> KeyFile:
    """Rejected when the file holds no service account's key."""
    what = "Google's credentials file"
    text = flow.read_file(path, what)
    try:
        found: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Rejected(f"{what}, {path}, is no JSON object", service=SERVICE) from error
    kind = found.get("type")
    if kind != "service_account":
        raise Rejected(
            f"{what}, {path}, is of the type {str(kind)[:40]!r}, not service_account",
            service=SERVICE,
            hint="use the JSON key of a service account, or a workload identity without a file",
        )
    email = flow.text_of(found, "client_email", what)
    return KeyFile(email, Token(flow.text_of(found, "private_key", what)))


def find_workload(environ: Mapping[str, str], now: float) -> Flow[Workload]:
    """Ask the metadata server, which GKE's workload identity is as well."""
    root = f"http://{environ.get('GCE_METADATA_HOST') or _METADATA}{_ACCOUNT}"
    what = "asking Google's metadata server for the service account"
    try:
        answer = yield Request("GET", f"{root}/email", _FLAVOR)
    except ServiceError as error:
        raise Rejected(
            "no Google credentials are to be had: the metadata server does not answer",
            service=SERVICE,
            hint="give the manager's service account a workload identity, or a key file",
        ) from error
    email = flow.require(what, answer).body.decode("utf-8", "replace").strip()
    answer = yield Request("GET", f"{root}/token", _FLAVOR)
    found = flow.read_object(what, answer)
    token = Token(flow.text_of(found, "access_token", what))
    return Workload(email, token, now + flow.seconds_of(found, "expires_in"))


def iam_url(environ: Mapping[str, str], universe: str = "googleapis.com") -> str:
    told = environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", "")
    return (told or f"https://iamcredentials.{universe}").rstrip("/")


def sign_blob(workload: Workload, text: bytes, iam: str) -> Flow[bytes]:
    """Have IAM sign `text` as the workload's service account, which it must be allowed to."""
    account = quote(workload.email, safe="@")
    url = f"{iam}/v1/projects/-/serviceAccounts/{account}:signBlob"
    headers = {
        "Authorization": f"Bearer {workload.access_token.reveal()}",
        "Content-Type": "application/json",
    }
    body = msgspec.json.encode({"payload": base64.b64encode(text).decode()})
    what = "having Google's IAM sign for the service account"
    answer = yield Request("POST", url, headers, body)
    signed = flow.text_of(flow.read_object(what, answer), "signedBlob", what)
    try:
        return base64.b64decode(signed, validate=True)
    except binascii.Error as error:
        raise Unavailable(f"{what}: the answer is no base64", service=SERVICE) from error
