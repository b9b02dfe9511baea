"""Secrets in whole jobs: fetched in the pod, put where they belong, never seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.http_server import Server, serve
from harness.vault import JWT, ROLE, VaultServer
from helper.rig import Rig
from podlane.core.job.secret import Engine, Vault, VaultAuth, VaultJwt
from podlane.core.job.secret import VaultServer as Place
from podlane.core.plan.model import EnvVariable, SecretRequest, Secrets
from podlane.core.plan.secrets import mark
from podlane.core.text.token import Token

KEPT = {"kv": {"db": {"password": "pa$$ 'word\"-1", "key": "first line\nsecond line\n"}}}


@pytest.fixture
def vault() -> VaultServer:
    return VaultServer(KEPT)


@pytest.fixture
def server(vault: VaultServer) -> Iterator[Server]:
    with serve(vault.answer) as found:
        yield found


def request(server: Server, key: str, field: str, role: str = ROLE) -> SecretRequest:
    place = Place(server.url, "", VaultAuth("jwt", "jwt", VaultJwt(Token(JWT), role)))
    return SecretRequest(key, Vault(place, Engine("kv-v2", "kv"), "db", field))


def want(rig: Rig, *requests: SecretRequest) -> None:
    rig.change(
        secrets=Secrets(requests),
        variables=(
            *rig.plan.variables,
            EnvVariable("URL", f"db://x:{mark('PASSWORD')}@host"),
            EnvVariable("PASSWORD", mark("PASSWORD")),
            EnvVariable("KEY", mark("KEY"), is_file=True),
        ),
    )


async def test_values_reach_the_script_and_no_log(rig: Rig, server: Server) -> None:
    want(rig, request(server, "PASSWORD", "password"), request(server, "KEY", "key"))
    rig.script(
        'printf %s "$PASSWORD" > password; printf %s "$URL" > url; cp "$KEY" key',
        'echo "it is $PASSWORD and"; cat "$KEY"; cp password url key "$CI_OUT"',
    )
    out = rig.root / "out"
    out.mkdir()
    rig.change(variables=(*rig.plan.variables, EnvVariable("CI_OUT", str(out))))
    await rig.run()
    assert rig.job.state == "success", rig.trace
    assert (out / "password").read_text() == "pa$$ 'word\"-1"
    assert (out / "url").read_text() == "db://x:pa$$ 'word\"-1@host"
    assert (out / "key").read_text() == "first line\nsecond line\n"
    assert "it is [MASKED] and\n[MASKED]" in rig.trace
    assert "word" not in rig.trace.replace("password", "")
    assert "second line" not in rig.trace
    assert 'Resolving secret "PASSWORD"...' in rig.trace
    assert "section_start:" in rig.trace.split("Resolving secrets")[0]
    assert not Path(rig.plan.places.temporary).exists()


async def test_what_vault_refuses_is_the_configurations_fault(rig: Rig, server: Server) -> None:
    want(rig, request(server, "PASSWORD", "password", role="other"))
    rig.script("echo never-seen")
    await rig.run()
    assert (rig.job.state, rig.word.outcome and rig.word.outcome.failure_reason) == (
        "failed",
        "script_failure",  # this GitLab's list has no runner_configuration_error
    )
    assert 'role "other" could not be found' in rig.trace
    assert "hint: check the role" in rig.trace
    assert "never-seen" not in rig.trace.replace("$ echo never-seen", "")
    assert JWT not in rig.trace


async def test_a_vault_that_comes_back_is_asked_again(
    rig: Rig, server: Server, vault: VaultServer
) -> None:
    want(rig, request(server, "PASSWORD", "password"), request(server, "KEY", "key"))
    rig.change_part("secrets", attempts=3)
    rig.script("echo ran")
    vault.status = 503
    await rig.start()
    await rig.until_trace("trying again")
    vault.status = 0
    assert await rig.end() == 0
    assert rig.job.state == "success", rig.trace
    assert "Vault is sealed" in rig.trace


@pytest.mark.parametrize("is_needed", [True, False])
async def test_a_field_that_is_not_there(rig: Rig, server: Server, is_needed: bool) -> None:
    want(rig, request(server, "PASSWORD", "none"), request(server, "KEY", "key"))
    rig.change_part("secrets", are_needed=is_needed)
    rig.script('echo "<${PASSWORD-unset}> <$URL>"')
    await rig.run()
    assert rig.job.state == ("failed" if is_needed else "success"), rig.trace
    assert ("<unset> <db://x:@host>" in rig.trace) is not is_needed
    assert "PASSWORD has no value" in rig.trace
