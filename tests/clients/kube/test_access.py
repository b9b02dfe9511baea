"""Which way to the API is taken, kubeconfig files of all kinds, and exec plugins."""

from __future__ import annotations

import base64
import json
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from harness.certificates import Authority, authority
from harness.http_server import Call, Said, always, serve
from podlane.clients.kube.access import load_access, load_access_by
from podlane.clients.kube.api import KubeApi
from podlane.clients.kube.credential import Plugin
from podlane.clients.kube.kinds import POD
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.text.token import Token
from podlane.errors import ConfigError, Rejected, Unavailable

NOTHING = KubernetesConfig()


def write_kubeconfig(
    path: Path,
    cluster: dict[str, Any],
    user: dict[str, Any],
    *,
    name: str = "main",
    current: str = "main",
) -> dict[str, str]:
    """Write a file with one context and return the environment that names it."""
    document = {
        "current-context": current,
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document))
    return {"KUBECONFIG": str(path)}


def account(folder: Path, ca: Authority) -> Path:
    folder.mkdir()
    (folder / "token").write_text("from the pod")
    ca.file(folder)
    return folder


def test_host_of_the_config_comes_first(tmp_path: Path) -> None:
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    settings = KubernetesConfig(host="http://api.test:8080/", bearer_token=Token("t"))
    access = load_access(settings, environ, account(tmp_path / "account", authority()))
    assert (access.url, access.credential.bearer()) == ("http://api.test:8080", "t")
    assert access.route.context() is None


def test_then_the_account_of_the_pod(tmp_path: Path) -> None:
    folder = account(tmp_path / "account", authority())
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    environ |= write_kubeconfig(tmp_path / "config", {"server": "http://other"}, {})
    access = load_access(NOTHING, environ, folder)
    assert (access.url, access.credential.bearer()) == ("https://[fd00::1]:6443", "from the pod")


def test_then_the_kubeconfig(tmp_path: Path) -> None:
    environ = write_kubeconfig(tmp_path / "config", {"server": "http://a:1/"}, {"token": "t"})
    access = load_access(NOTHING, environ, tmp_path)
    assert (access.url, access.credential.bearer()) == ("http://a:1", "t")


def test_then_the_kubeconfig_at_home(tmp_path: Path) -> None:
    write_kubeconfig(tmp_path / ".kube" / "config", {"server": "http://home"}, {})
    assert load_access(NOTHING, {"HOME": str(tmp_path)}, tmp_path).url == "http://home"


def test_no_way_at_all_says_where_was_looked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no way to a Kubernetes API.*\.kube/config") as caught:
        load_access(NOTHING, {"HOME": str(tmp_path)}, tmp_path)
    assert "KUBECONFIG" in caught.value.hint


@pytest.mark.parametrize(
    ("host", "ca", "url"), [("a:1", False, "http://a:1"), ("a:1", True, "https://a:1")]
)
def test_a_host_without_scheme(tmp_path: Path, host: str, ca: bool, url: str) -> None:
    file = authority().file(tmp_path) if ca else ""
    assert load_access(KubernetesConfig(host=host, ca_file=file), {}).url == url


def test_a_certificate_wants_its_key_and_ca() -> None:
    with pytest.raises(ConfigError, match="key_file"):
        load_access(KubernetesConfig(host="https://a", cert_file="x"), {})


def test_context_is_chosen_by_name(tmp_path: Path) -> None:
    environ = write_kubeconfig(tmp_path / "c", {"server": "http://a"}, {}, current="other")
    with pytest.raises(ConfigError, match="current context"):
        load_access(NOTHING, environ)
    assert load_access(KubernetesConfig(context="main"), environ).url == "http://a"
    with pytest.raises(ConfigError, match="the context `wrong`"):
        load_access(KubernetesConfig(context="wrong"), environ)


def test_several_files_count_as_one(tmp_path: Path) -> None:
    (tmp_path / "one").write_text(
        yaml.safe_dump({"current-context": "x", "users": [{"name": "u", "user": {"token": "1"}}]})
    )
    write_kubeconfig(
        tmp_path / "sub" / "two", {"server": "http://two"}, {"token": "2"}, name="x", current="no"
    )
    environ = {"KUBECONFIG": f"{tmp_path}/missing:{tmp_path}/one:{tmp_path}/sub/two"}
    access = load_access(NOTHING, environ)
    assert (access.url, access.credential.bearer()) == ("http://two", "1")


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    ca = authority()
    environ = write_kubeconfig(
        tmp_path / "sub" / "config",
        {"server": "https://a", "certificate-authority": "ca.crt"},
        {"tokenFile": "../token", "token": "older"},
    )
    (tmp_path / "token").write_text("from the file")
    with pytest.raises(ConfigError, match="certificates cannot be used"):
        load_access(NOTHING, environ)
    ca.file(tmp_path / "sub")
    access = load_access(NOTHING, environ)
    assert access.credential.bearer() == "from the file"
    assert isinstance(access.route.context(), ssl.SSLContext)


@pytest.mark.parametrize(
    "text", ["- a list", "users: [1]", "a: b: secret", "current-context: [", "\x00"]
)
def test_a_broken_file_is_told_without_its_text(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(ConfigError, match="config") as caught:
        load_access(NOTHING, {"KUBECONFIG": str(tmp_path / "config")})
    assert "secret" not in str(caught.value)


async def answer_of(access: Any) -> dict[str, Any]:
    api = KubeApi(access, user_agent="podlane/test")
    try:
        return await api.get(POD, "ns", "p")
    finally:
        await api.close()


@pytest.mark.parametrize("inline", [True, False])
async def test_client_certificates(tmp_path: Path, inline: bool) -> None:
    ca, clients = authority(), authority()
    certificate, key = clients.client_pair("admin")
    with serve(always(Said(body=b'{"ok":1}')), ca.server(client_ca=clients.ca)) as server:
        cluster: dict[str, Any] = {"server": server.url}
        if inline:
            cluster["certificate-authority-data"] = _b64(ca.pem)
            user = {"client-certificate-data": _b64(certificate), "client-key-data": _b64(key)}
        else:
            (tmp_path / "a.crt").write_text(certificate)
            (tmp_path / "a.key").write_text(key)
            cluster["certificate-authority"] = ca.file(tmp_path)
            user = {"client-certificate": "a.crt", "client-key": "a.key"}
        environ = write_kubeconfig(tmp_path / "config", cluster, user)
        assert await answer_of(load_access(NOTHING, environ)) == {"ok": 1}


async def test_an_unknown_server_is_not_trusted_unless_told_so(tmp_path: Path) -> None:
    ca = authority()
    with serve(always(Said(body=b'{"ok":1}')), ca.server()) as server:
        cluster: dict[str, Any] = {"server": server.url}
        environ = write_kubeconfig(tmp_path / "config", cluster, {})
        with pytest.raises(Rejected, match="not trusted") as caught:
            await answer_of(load_access(NOTHING, environ))
        assert "ca_file" in caught.value.hint
        environ = write_kubeconfig(
            tmp_path / "config", cluster | {"insecure-skip-tls-verify": True}, {}
        )
        assert await answer_of(load_access(NOTHING, environ)) == {"ok": 1}


async def test_the_name_in_the_certificate_may_be_another(tmp_path: Path) -> None:
    ca = authority()
    with serve(always(Said(body=b'{"ok":1}')), ca.server("api.test")) as server:
        cluster = {"server": server.url, "certificate-authority-data": _b64(ca.pem)}
        cluster["tls-server-name"] = "api.test"
        environ = write_kubeconfig(tmp_path / "config", cluster, {})
        assert await answer_of(load_access(NOTHING, environ)) == {"ok": 1}


async def test_proxy_of_the_kubeconfig(tmp_path: Path) -> None:
    with serve(always(Said(body=b'{"by":"proxy"}'))) as proxy:
        cluster = {"server": "http://api.test", "proxy-url": proxy.url}
        environ = write_kubeconfig(tmp_path / "config", cluster, {})
        assert await answer_of(load_access(NOTHING, environ)) == {"by": "proxy"}
    assert proxy.calls[0].path.startswith("http://api.test/api/v1/")


def plugin(folder: Path, code: str, **spec: Any) -> dict[str, Any]:
    """A user with an exec plugin that is this Python code; `runs` counts its runs."""
    script = folder / "plugin.py"
    script.write_text(f"open({str(folder / 'runs')!r}, 'a').write('x')\n{code}")
    return {"exec": {"command": sys.executable, "args": [str(script)], **spec}}


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text())


CREDENTIAL = "import json, os\nprint(json.dumps({'kind': 'ExecCredential', 'status': %s}))"


async def test_plugin_is_run_once_while_its_token_is_good(tmp_path: Path) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    code = CREDENTIAL % (
        f"{{'token': os.environ['GREETING'] + json.loads(os.environ['KUBERNETES_EXEC_INFO'])"
        f"['apiVersion'][-7:], 'expirationTimestamp': '{until}'}}"
    )
    user = plugin(
        tmp_path,
        code,
        apiVersion="client.authentication.k8s.io/v1beta1",
        env=[{"name": "GREETING", "value": "hi-"}],
    )
    with serve(always(Said(body=b"{}"))) as server:
        environ = write_kubeconfig(tmp_path / "config", {"server": server.url}, user)
        api = KubeApi(load_access(NOTHING, environ), user_agent="t")
        await api.get(POD, "ns", "p")
        await api.get(POD, "ns", "p")
        await api.close()
    sent = {call.headers["authorization"] for call in server.calls}
    assert sent == {"Bearer hi-v1beta1"}
    assert runs(tmp_path) == 1


@pytest.mark.parametrize("minutes", [-5, 0.5])
async def test_plugin_is_run_again_when_its_token_ends(tmp_path: Path, minutes: float) -> None:
    until = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    user = plugin(tmp_path, CREDENTIAL % f"{{'token': 't', 'expirationTimestamp': '{until}'}}")
    with serve(always(Said(body=b"{}"))) as server:
        environ = write_kubeconfig(tmp_path / "config", {"server": server.url}, user)
        api = KubeApi(load_access(NOTHING, environ), user_agent="t")
        await api.get(POD, "ns", "p")
        await api.get(POD, "ns", "p")
        await api.close()
    assert runs(tmp_path) == 2


async def test_plugin_is_run_again_when_its_token_is_refused(tmp_path: Path) -> None:
    count = f"len(open({str(tmp_path / 'runs')!r}).read())"
    user = plugin(tmp_path, CREDENTIAL % f"{{'token': 't%d' % {count}}}")

    def answer(call: Call) -> Said:
        return Said(200 if call.headers["authorization"] == "Bearer t2" else 401, {}, b"{}")

    with serve(answer) as server:
        environ = write_kubeconfig(tmp_path / "config", {"server": server.url}, user)
        assert await answer_of(load_access(NOTHING, environ)) == {}
    assert runs(tmp_path) == 2


async def test_a_job_s_token_alone_proves_who_it_is(tmp_path: Path) -> None:
    """No certificate of ours goes along, for the server would take that for the caller."""
    ca, clients, own = authority(), authority(), Token("of the job")
    folder = account(tmp_path / "account", ca)
    found = load_access_by(own, NOTHING, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, folder)
    assert (found.url, found.credential.bearer()) == ("https://10.0.0.1:443", "of the job")
    certificate, key = clients.client_pair("manager")
    pair = {"client-certificate-data": _b64(certificate), "client-key-data": _b64(key)}
    files = {"ca_file": tmp_path / "ca", "cert_file": tmp_path / "c", "key_file": tmp_path / "k"}
    for file, text in zip(files.values(), (ca.pem, certificate, key), strict=True):
        file.write_text(text)
    with serve(always(Said(body=b'{"ok":1}')), ca.server(client_ca=clients.ca)) as server:
        cluster = {"server": server.url, "certificate-authority-data": _b64(ca.pem)}
        environ = write_kubeconfig(tmp_path / "config", cluster, pair | {"token": "of ours"})
        paths = {name: str(file) for name, file in files.items()}
        settings = msgspec.structs.replace(KubernetesConfig(host=server.url), **paths)
        assert await answer_of(load_access(NOTHING, environ)) == {"ok": 1}
        assert await answer_of(load_access(settings, {})) == {"ok": 1}
        for access in (load_access_by(own, NOTHING, environ), load_access_by(own, settings, {})):
            assert access.credential.bearer() == "of the job"
            with pytest.raises(Unavailable):  # this server lets nobody in without a certificate
                await answer_of(access)


async def test_plugin_may_bring_a_certificate(tmp_path: Path) -> None:
    ca, clients = authority(), authority()
    certificate, key = clients.client_pair("plugin")
    status = json.dumps({"clientCertificateData": certificate, "clientKeyData": key})
    with serve(always(Said(body=b'{"ok":1}')), ca.server(client_ca=clients.ca)) as server:
        cluster = {"server": server.url, "certificate-authority-data": _b64(ca.pem)}
        environ = write_kubeconfig(
            tmp_path / "config", cluster, plugin(tmp_path, CREDENTIAL % status)
        )
        assert await answer_of(load_access(NOTHING, environ)) == {"ok": 1}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('please log in')", r"ended with 1: please log in"),
        ("print('no JSON, but secret')", "gave no credential that can be read"),
        ("print('{\"status\":{}}')", "gave neither a token nor a certificate"),
        ('print(\'{"status":{"token":"secret","expirationTimestamp":"x"}}\')', "no cred"),
    ],
)
async def test_plugin_that_fails_is_named(tmp_path: Path, code: str, said: str) -> None:
    user = plugin(tmp_path, code, installHint="install it so")
    environ = write_kubeconfig(tmp_path / "config", {"server": "http://127.0.0.1:1"}, user)
    with pytest.raises(Unavailable, match=rf"plugin `python[\d.]*` .*{said}") as caught:
        await answer_of(load_access(NOTHING, environ))
    assert caught.value.hint == "install it so"
    assert "secret" not in str(caught.value)


def test_plugin_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = Plugin({"command": "./no-such-plugin"}, tmp_path, {})
    with pytest.raises(Unavailable, match=r"plugin `no-such-plugin` cannot be run"):
        missing.renew(is_refused=False)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
