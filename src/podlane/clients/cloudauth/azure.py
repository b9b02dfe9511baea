"""Azure: who the workload is (workload or managed identity), and keys it may sign with."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec

from podlane.clients.cloudauth import flow
from podlane.clients.cloudauth.flow import SERVICE, Flow
from podlane.clients.http.request import Answer, Request
from podlane.core.sign.azure import VERSION, DelegationKey, iso_time
from podlane.core.text.base64 import is_base64
from podlane.core.text.token import Token
from podlane.errors import Rejected, ServiceError, Unavailable

STORAGE = "https://storage.azure.com/"
_METADATA = "http://169.254.169.254"
_AUTHORITY = "https://login.microsoftonline.com/"
_JWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_WEEK = 7 * 24 * 3600


class AzureToken(msgspec.Struct, frozen=True):
    value: Token
    expires_at: float


def find_token(environ: Mapping[str, str], resource: str, now: float) -> Flow[AzureToken]:
    """A token for `resource`, such as STORAGE, as the workload itself."""
    client, tenant = environ.get("AZURE_CLIENT_ID", ""), environ.get("AZURE_TENANT_ID", "")
    file, secret = environ.get("AZURE_FEDERATED_TOKEN_FILE"), environ.get("AZURE_CLIENT_SECRET")
    if not (client and tenant and (file or secret)):
        return (yield from _managed(environ, resource, now))
    proof = {"client_secret": secret or ""}
    if file:
        identity = flow.read_file(file, "the federated token")
        proof = {"client_assertion_type": _JWT, "client_assertion": identity}
    authority = environ.get("AZURE_AUTHORITY_HOST") or _AUTHORITY
    scope = f"{resource.rstrip('/')}/.default"
    fields = {"client_id": client, "grant_type": "client_credentials", "scope": scope, **proof}
    url = f"{authority.rstrip('/')}/{tenant}/oauth2/v2.0/token"
    answer = yield Request("POST", url, _FORM, urlencode(fields).encode())
    return _token("asking Azure for a token by workload identity", answer, now)


def delegation_key(root: str, token: AzureToken, now: float) -> Flow[DelegationKey]:
    """Borrow a key of the account at `root`, good for a week at most."""
    start, end = iso_time(now - 300), iso_time(now + _WEEK - 600)
    body = f"<KeyInfo><Start>{start}</Start><Expiry>{end}</Expiry></KeyInfo>".encode()
    headers = {
        "Authorization": f"Bearer {token.value.reveal()}",
        "x-ms-version": VERSION,
        "Content-Type": "application/xml",
    }
    url = f"{root}/?restype=service&comp=userdelegationkey"
    what = "asking Azure's storage for a user delegation key"
    answer = yield Request("POST", url, headers, body)
    found = flow.require(what, answer).body

    def part(name: str) -> str:
        text = flow.element(found, name)
        if not text:
            raise Unavailable(f"{what}: the answer lacks {name}", service=SERVICE)
        return text

    value, expires_at = Token(part("Value")), flow.epoch(part("SignedExpiry"))
    if not is_base64(value) or not expires_at:
        raise Unavailable(f"{what}: the answer holds no key with an end", service=SERVICE)
    return DelegationKey(
        value=value,
        object_id=part("SignedOid"),
        tenant_id=part("SignedTid"),
        start=part("SignedStart"),
        expiry=part("SignedExpiry"),
        service=part("SignedService"),
        version=part("SignedVersion"),
        expires_at=expires_at,
    )


def _managed(environ: Mapping[str, str], resource: str, now: float) -> Flow[AzureToken]:
    root = environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or _METADATA
    fields = {"api-version": "2018-02-01", "resource": resource}
    if client := environ.get("AZURE_CLIENT_ID"):
        fields["client_id"] = client
    url = f"{root.rstrip('/')}/metadata/identity/oauth2/token?{urlencode(fields)}"
    try:
        answer = yield Request("GET", url, {"Metadata": "true"})
    except ServiceError as error:
        raise Rejected(
            "no Azure credentials are to be had: the metadata server does not answer",
            service=SERVICE,
            hint="give the manager's service account a workload identity, or set AccountKey",
        ) from error
    return _token("asking Azure's metadata server for a token", answer, now)


def _token(what: str, answer: Answer, now: float) -> AzureToken:
    """`expires_in` is a number or a text, by who answers."""
    found = flow.read_object(what, answer)
    return AzureToken(
        Token(flow.text_of(found, "access_token", what)), now + flow.seconds_of(found, "expires_in")
    )
