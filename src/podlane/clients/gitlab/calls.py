"""Every call of the runner API that podlane makes, as pure functions: facts → Request.

Source of the facts: GitLab's runner API as gitlab-runner 19.4 speaks it. Tokens go in a header
and, for the older endpoints, in the body as well; never in a URL.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from podlane.clients.http.request import Request
from podlane.core.text.token import Token

_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class JobAccess(msgspec.Struct, frozen=True):
    """What it takes to speak for a job. `info` is the object of section "info" of the API."""

    url: str
    id: int
    token: Token
    info: dict[str, Any]


class Update(msgspec.Struct, frozen=True):
    """`state`: pending (keep the job for us), running, success or failed. `checksum`: `crc32:` and
    8 hex digits, "" if unknown."""

    state: str
    failure_reason: str = ""
    exit_code: int = 0
    checksum: str = ""
    bytesize: int = 0


class JobRequest(msgspec.Struct, frozen=True):
    token: Token
    system_id: str
    info: dict[str, Any]
    last_update: str = ""


def api(url: str, path: str) -> str:
    """`url` is the configured one: a trailing slash or `/ci` is tolerated, a sub-path kept."""
    root = url.rstrip("/")
    shorter = root.removesuffix("/ci").rstrip("/")
    return f"{root if shorter.endswith(':') else shorter}/api/v4/{path}"


def _body(**fields: Any) -> bytes:
    return msgspec.json.encode({k: v for k, v in fields.items() if v not in ("", None)})


def request_job(url: str, ask: JobRequest) -> Request:
    body = _body(
        info=ask.info,
        token=ask.token.reveal(),
        system_id=ask.system_id,
        last_update=ask.last_update,
    )
    headers = _JSON | {"RUNNER-TOKEN": ask.token.reveal()}
    return Request("POST", api(url, "jobs/request"), headers, body)


def update_job(job: JobAccess, update: Update) -> Request:
    output: dict[str, Any] = {}
    if update.checksum:
        output = {"checksum": update.checksum, "bytesize": update.bytesize}
    body = _body(
        info=job.info,
        token=job.token.reveal(),
        state=update.state,
        failure_reason=update.failure_reason,
        exit_code=update.exit_code or None,
        checksum=update.checksum,
        output=output,
    )
    headers = _JSON | {"JOB-TOKEN": job.token.reveal()}
    return Request("PUT", api(job.url, f"jobs/{job.id}"), headers, body)


def append_trace(job: JobAccess, offset: int, data: bytes, *, is_debug: bool = False) -> Request:
    headers = {
        "JOB-TOKEN": job.token.reveal(),
        "Content-Type": "text/plain",
        "Content-Range": f"{offset}-{offset + len(data) - 1}",
    }
    query = f"trace?debug_trace={'true' if is_debug else 'false'}"
    return Request("PATCH", api(job.url, f"jobs/{job.id}/{query}"), headers, data)


def trace_size(job: JobAccess) -> Request:
    """Ask how many bytes GitLab holds, and change nothing: it answers 416 with the range.

    An empty body at offset 1: offset 0 could append, a high one would drop the job for its size.
    """
    headers = {
        "JOB-TOKEN": job.token.reveal(),
        "Content-Type": "text/plain",
        "Content-Range": "1-1",
        "Content-Length": "0",
    }
    url = api(job.url, f"jobs/{job.id}/trace?debug_trace=false")
    return Request("PATCH", url, headers, b"")


def artifacts_query(expire_in: str, kind: str, form: str) -> str:
    words = {"expire_in": expire_in, "artifact_type": kind, "artifact_format": form}
    return urlencode({key: value for key, value in words.items() if value})


def verify(url: str, token: Token, system_id: str, info: dict[str, Any]) -> Request:
    body = _body(info=info, token=token.reveal(), system_id=system_id)
    headers = _JSON | {"RUNNER-TOKEN": token.reveal()}
    return Request("POST", api(url, "runners/verify"), headers, body)


def register(url: str, registration_token: Token, fields: dict[str, Any]) -> Request:
    body = _body(token=registration_token.reveal(), **fields)
    headers = _JSON | {"RUNNER-TOKEN": registration_token.reveal()}
    return Request("POST", api(url, "runners"), headers, body)


def unregister(url: str, token: Token, system_id: str = "") -> Request:
    """Remove the runner (an old token), or with `system_id` this manager of it (`glrt-`)."""
    path = "runners/managers" if system_id else "runners"
    body = _body(token=token.reveal(), system_id=system_id)
    headers = _JSON | {"RUNNER-TOKEN": token.reveal()}
    return Request("DELETE", api(url, path), headers, body)


def reset_token(url: str, token: Token) -> Request:
    path = "runners/reset_authentication_token"
    return Request("POST", api(url, path), _JSON, _body(token=token.reveal()))


def reset_token_by_admin(url: str, runner_id: int, private_token: Token) -> Request:
    headers = _JSON | {"PRIVATE-TOKEN": private_token.reveal()}
    return Request("POST", api(url, f"runners/{runner_id}/reset_authentication_token"), headers)
