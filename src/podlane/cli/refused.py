"""What a refusal or a failure of GitLab means for a command about tokens, and what to do."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from podlane.clients.http.chain import Shown, shown_by
from podlane.clients.http.tls import find_tls_files
from podlane.core.config.model import RunnerConfig
from podlane.errors import Rejected, ServiceError

_NEW = "make a runner in GitLab (CI/CD > Runners > New runner) and take its token"
_TOKEN = (
    "{host} refused the token ({status}): it is mistyped, was revoked, or has ended",
    f"check that it is whole, else {_NEW}",
)
_STATUSES = {
    401: _TOKEN,
    403: _TOKEN,
    404: (
        "{host} has no runners' API below {url} (404)",
        "give GitLab's own address, without a group's or project's path",
    ),
    410: ("{host} takes no registration tokens any more (410)", _NEW),
    422: ("{host} says that the runner's project or group is gone (422)", _NEW),
}


def explain(runner: RunnerConfig, folder: Path, error: ServiceError) -> tuple[str, str]:
    """Return a sentence of what happened and one of what to do."""
    if isinstance(error, Rejected) and error.details == "certificate":
        return _untrusted(runner, folder, error)
    if known := _STATUSES.get(error.status):
        what, hint = known
        host = urlsplit(runner.url).hostname
        return what.format(host=host, status=error.status, url=runner.url), hint
    return error.message, error.hint or ("" if error.status else _reach(runner.url, error.message))


def fields_of(runner: RunnerConfig, folder: Path, error: ServiceError) -> dict[str, str]:
    """The same for a line of the log."""
    what, hint = explain(runner, folder, error)
    return {"error": what} | ({"hint": hint} if hint else {})


def _untrusted(runner: RunnerConfig, folder: Path, error: ServiceError) -> tuple[str, str]:
    shown: tuple[Shown, ...] = ()
    host = urlsplit(runner.url).hostname
    with suppress(OSError, ValueError):
        shown = shown_by(runner.url, find_tls_files(folder, runner))
    said = error.message.lower()
    if not shown or "mismatch" in said or "expired" in said:
        return error.message, error.hint
    last = shown[-1]
    hint = (
        f"put the certificate of {last.issuer} (PEM) into a file: `--tls-ca-file FILE` of register"
    )
    hint += ", `tls-ca-file` in config.toml"
    if last.subject == last.issuer:
        return f"{host} proves itself by {last.subject}, which is not trusted here", hint
    return (
        f"the certificate of {host} leads to the CA {last.issuer}, which is not trusted here",
        hint,
    )


def _reach(url: str, said: str) -> str:
    host = urlsplit(url).hostname
    if "wrong version number" in said:
        return f"no TLS is spoken there: check scheme and port of {url}"
    return (
        f"check the address, and that {host} is resolved and reached from here (DNS, firewall;"
        " HTTPS_PROXY and NO_PROXY)"
    )
