"""Our own certificates reach every client: by PODLANE_CERTIFICATES, or baked into the image."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from harness.certificates import Authority, authority
from harness.http_server import Said, always, serve
from podlane.clients.http.blocking import BlockingHttp
from podlane.clients.http.own_certificates import baked_beside, own_certificates
from podlane.clients.http.request import Request
from podlane.clients.http.session import HttpSession
from podlane.clients.http.tls import find_tls_files
from podlane.clients.kube.access import load_access
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.model import RunnerConfig
from podlane.core.text.token import Token
from podlane.errors import ConfigError, Rejected, Unavailable


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PODLANE_CERTIFICATES, mounted as the kubelet does it: links into `..data`."""
    made = tmp_path / "certificates"
    (made / "..data").mkdir(parents=True)
    monkeypatch.setenv("PODLANE_CERTIFICATES", str(made))
    return made


def mount(folder: Path, name: str, text: str) -> None:
    (folder / "..data" / f"{name}.new").write_text(text)
    (folder / "..data" / f"{name}.new").rename(folder / "..data" / name)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(Path("..data") / name)


async def test_a_session_follows_what_is_mounted(folder: Path) -> None:
    one, other = authority(), authority()
    with serve(always(Said(body=b"hello")), one.server()) as server:
        session = HttpSession(user_agent="test")
        mount(folder, "other.crt", other.pem.rstrip())  # the next must not run into its last line
        with pytest.raises(Rejected, match="not trusted"):
            await session.send(Request("GET", server.url))
        mount(folder, "one.crt", one.pem)
        assert (await session.send(Request("GET", server.url))).body == b"hello"
        await session.close()


async def test_blocking_clients_trust_them_too(folder: Path) -> None:
    one = authority()
    mount(folder, "one.pem", one.pem)
    with serve(always(Said(body=b"hello")), one.server()) as server:
        http = BlockingHttp(user_agent="test")
        assert http.send(Request("GET", server.url)).body == b"hello"
        http.close()


@pytest.mark.parametrize("text", ["no certificate at all", ""])
async def test_what_is_no_certificate_is_said(folder: Path, text: str) -> None:
    mount(folder, "one.crt", text or "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----")
    session = HttpSession(user_agent="test")
    with pytest.raises(Unavailable, match=r"cannot use the certificates .*one\.crt"):
        await session.send(Request("GET", "https://127.0.0.1:1/"))


def test_a_file_of_another_kind_is_left_alone(folder: Path) -> None:
    mount(folder, "readme.txt", "not for TLS")
    assert own_certificates() == ""


def test_a_folder_that_is_not_there_is_said() -> None:
    with pytest.raises(ConfigError, match="cannot use the certificates of /no/such"):
        own_certificates({"PODLANE_CERTIFICATES": "/no/such"})


def test_a_single_file_may_be_named(tmp_path: Path) -> None:
    named = authority().file(tmp_path)
    assert own_certificates({"PODLANE_CERTIFICATES": named}).startswith("-----BEGIN")


def kubeconfig(path: Path, server: str) -> dict[str, str]:
    """Its own authority is another's: what is trusted is added, not replaced."""
    other = base64.b64encode(authority().pem.encode()).decode()
    cluster = {"server": server, "certificate-authority-data": other}
    document = {
        "current-context": "main",
        "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    path.write_text(yaml.safe_dump(document))
    return {"KUBECONFIG": str(path)}


async def test_the_api_server_is_trusted_by_them(folder: Path, tmp_path: Path) -> None:
    one = authority()
    with serve(always(Said(body=b"{}")), one.server()) as server:
        environ = kubeconfig(tmp_path / "kubeconfig", server.url)
        by_file = load_access(KubernetesConfig(), environ)
        by_host = load_access(KubernetesConfig(host=server.url), {})
        for access in (by_file, by_host):
            session = HttpSession(user_agent="test", service="kubernetes", route=access.route)
            await _refused(session, server.url)
            mount(folder, "one.crt", one.pem)
            assert (await session.send(Request("GET", server.url))).status == 200
            await session.close()
            mount(folder, "one.crt", authority().pem)


async def _refused(session: HttpSession, url: str) -> None:
    with pytest.raises(Rejected, match="not trusted") as caught:
        await session.send(Request("GET", url))
    assert "--ca-file" in caught.value.hint


def test_what_an_image_holds_is_found_under_a_mount(tmp_path: Path) -> None:
    baked, mounted, ca = tmp_path / "baked", tmp_path / "mounted", Authority(authority().ca)
    baked.mkdir()
    (mounted / "certs").mkdir(parents=True)
    runner = RunnerConfig("https://gitlab.test", Token("t"))
    assert find_tls_files(mounted, runner, baked).ca_file == ""
    (baked / "gitlab.test.crt").write_text(ca.pem)
    assert find_tls_files(mounted, runner, baked).ca_file == str(baked / "gitlab.test.crt")
    assert baked_beside(mounted, baked) == ("gitlab.test.crt",)
    own = mounted / "certs" / "gitlab.test.crt"
    own.write_text(ca.pem)
    assert find_tls_files(mounted, runner, baked).ca_file == str(own)
    assert baked_beside(mounted, baked) == ()
    assert baked_beside(mounted, tmp_path / "no image of ours") == ()
