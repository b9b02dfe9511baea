"""GitLab: reached, trusted, of the same time, and willing to take the runner's token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec

from podlane import __version__
from podlane.clients.gitlab import calls
from podlane.clients.gitlab.info import build_info
from podlane.clients.gitlab.runner_api import RunnerApi
from podlane.clients.http.chain import Shown, shown_by
from podlane.clients.http.request import Answer, Request
from podlane.clients.http.session import HttpSession
from podlane.clients.http.tls import TlsFiles, find_tls_files
from podlane.core.config.model import RunnerConfig
from podlane.core.text.token import short_token
from podlane.doctor.clock import clock
from podlane.doctor.deployed import BUNDLE
from podlane.doctor.finding import Finding, failed, ok, skipped, without_credentials
from podlane.doctor.patient import Patient
from podlane.errors import Rejected, ServiceError

_SECONDS = 20.0
_AFTER = ("gitlab clock", "token")


class Gate(msgspec.Struct, frozen=True):
    """One GitLab, as one runner reaches it."""

    url: str
    files: TlsFiles

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or self.shown

    @property
    def shown(self) -> str:
        """For people: some write credentials into it."""
        return without_credentials(self.url)


async def gitlab(patient: Patient) -> AsyncIterator[Finding]:
    gates: dict[Gate, list[RunnerConfig]] = {}
    for runner in patient.runners:
        gate = Gate(runner.url, find_tls_files(patient.folder, runner))
        gates.setdefault(gate, []).append(runner)
    for gate, runners in gates.items():
        session = HttpSession(gate.files, user_agent=f"podlane {__version__}")
        try:
            async for one in _gate(patient, gate, session, runners):
                yield one
        finally:
            await session.close()


async def _gate(
    patient: Patient, gate: Gate, session: HttpSession, runners: list[RunnerConfig]
) -> AsyncIterator[Finding]:
    question = Request("GET", calls.api(gate.url, "version"))
    try:
        answer = await session.send(question, timeout=_SECONDS)
    except ServiceError as error:
        for one in await _no_answer(patient, gate, error):
            yield one
        for check in _AFTER:
            yield skipped(check, f"{gate.host} cannot be asked")
        return
    reached = _reached(gate, answer)
    yield reached
    yield _trusted(patient, gate)
    yield clock("gitlab clock", gate.host, answer.headers, patient.now())
    for runner in runners:
        if reached.state == "FAIL":
            yield skipped("token", f"{patient.whose(runner)}{gate.host} cannot be asked")
        else:
            yield await _token(patient, runner, RunnerApi(session, gate.url))


def _reached(gate: Gate, answer: Answer) -> Finding:
    if 300 <= answer.status < 400:
        to = urlsplit(answer.headers.get("location", ""))
        where = f"{to.scheme}://{to.netloc.rpartition('@')[2]}" if to.netloc else "another address"
        return failed(
            "gitlab", f"{gate.shown} sends us to {where}", f'set `url = "{where}"` in [[runners]]'
        )
    if answer.status >= 500:
        fix = "GitLab, or a proxy before it, is ill: whoever administers it knows more"
        return failed("gitlab", f"{gate.shown} answers {answer.status}", fix)
    return ok("gitlab", f"{gate.shown} answers")


async def _no_answer(patient: Patient, gate: Gate, error: ServiceError) -> list[Finding]:
    is_of_tls = error.message.rpartition(": ")[0].endswith("TLS failed") or error.hint
    if isinstance(error, Rejected) and error.details == "certificate":
        return [ok("gitlab", f"{gate.host} answers"), await _untrusted(patient, gate, error)]
    if is_of_tls:
        fix = (
            error.hint or f'no TLS is spoken there: check scheme and port of `url = "{gate.shown}"`'
        )
        return [skipped("gitlab", "not asked: TLS fails"), failed("tls", error.message, fix)]
    fix = f"check `url` in [[runners]], and that {gate.host} is resolved and reached from here"
    fix += " (DNS, firewall; HTTPS_PROXY and NO_PROXY)"
    return [failed("gitlab", error.message, fix), skipped("tls", f"{gate.host} cannot be asked")]


def _trusted(patient: Patient, gate: Gate) -> Finding:
    if not gate.url.startswith("https:"):
        return skipped("tls", f"{gate.shown} is not https: tokens go there in the clear")
    by = gate.files.ca_file or "the system's store"
    if by == str(patient.folder / BUNDLE):  # a copy of ours that is gone soon
        by = "the deployment's certificates"
    return ok("tls", f"the certificate of {gate.host} is trusted, by {by}")


async def _untrusted(patient: Patient, gate: Gate, error: ServiceError) -> Finding:
    try:
        shown = await asyncio.to_thread(shown_by, gate.url, gate.files)
    except (OSError, ValueError):
        shown = ()
    said = error.message.lower()
    if shown and "mismatch" in said:
        names = ", ".join(shown[0].names) or shown[0].subject
        message = f"the certificate of {gate.host} is for other names: {names}"
        return failed("tls", message, "use one of these names in `url` in [[runners]]")
    if shown and "expired" in said:
        message = f"the certificate of {gate.host}, or of its CA, has ended ({shown[0].ends})"
        return failed("tls", message, "renew it on the server; check the clock here if it has not")
    return failed("tls", _missing(gate, error, shown), _trust(patient, shown))


def _missing(gate: Gate, error: ServiceError, shown: tuple[Shown, ...]) -> str:
    if not shown:
        return error.message
    last = shown[-1]
    if last.subject == last.issuer:
        return f"{gate.host} proves itself by {last.subject}, which is not trusted here"
    return (
        f"the certificate of {gate.host} leads to the CA {last.issuer}, which is not trusted here"
    )


def _trust(patient: Patient, shown: tuple[Shown, ...]) -> str:
    what = f"the certificate of {shown[-1].issuer}" if shown else "its CA's certificate"
    if patient.is_deployment:
        return f"put {what} (PEM) into a file: `podlane deploy apply --ca-file FILE`"
    return (
        f"put {what} (PEM) into a file and name it in [[runners]]: `tls-ca-file = FILE`; "
        "for a deployment: `podlane deploy apply --ca-file FILE`"
    )


async def _token(patient: Patient, runner: RunnerConfig, api: RunnerApi) -> Finding:
    whose, short = patient.whose(runner), short_token(runner.token)
    info = build_info(__version__, {})
    try:
        known = await api.verify(runner.token, patient.system_id, info)
    except ServiceError as error:
        if error.status in (401, 403):
            what = f"{whose}GitLab does not take the token {short}"
            return failed("token", what, _register(patient))
        if error.status == 404:
            fix = "`url` in [[runners]] is GitLab's own address, with its sub-path if it has one"
            return failed(
                "token", f"{whose}{without_credentials(runner.url)} has no runner API (404)", fix
            )
        return skipped("token", f"{whose}it could not be found out: {error.message}")
    until = f", until {known.token_expires_at}" if known.token_expires_at else ""
    return ok("token", f"{whose}the runner is known to GitLab ({short}{until})")


def _register(patient: Patient) -> str:
    fix = (
        "the runner was removed in GitLab or has another token: make one there, and give its token "
    )
    if patient.is_deployment:
        return fix + "in config.toml: `podlane deploy apply --config FILE`"
    return fix + "to `podlane register`, or write it into config.toml"
