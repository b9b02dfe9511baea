"""How to reach an API server: the settings of a runner, the pod's own account, or a kubeconfig.

The order is gitlab-runner's (client-go's): `host` in [runners.kubernetes], else the service
account of the pod we run in, else KUBECONFIG or `~/.kube/config` with `context`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from podlane.clients.http.session import Route
from podlane.clients.http.tls import TlsContext, TlsFiles
from podlane.clients.kube import kubeconfig
from podlane.clients.kube.credential import Credential, FixedToken, TokenFile
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.text.token import Token
from podlane.errors import ConfigError

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Way(msgspec.Struct, frozen=True):
    """What of a runner's settings leads to its cluster. Where two runners have the same, they share
    what the manager sees there."""

    host: str = ""
    context: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    bearer_token: Token = Token("")


def way(kubernetes: KubernetesConfig) -> Way:
    return Way(
        host=kubernetes.host,
        context=kubernetes.context,
        cert_file=kubernetes.cert_file,
        key_file=kubernetes.key_file,
        ca_file=kubernetes.ca_file,
        bearer_token=kubernetes.bearer_token,
    )


class Access(msgspec.Struct, frozen=True):
    """`url` without a trailing slash."""

    url: str
    route: Route
    credential: Credential


def load_access_by(
    token: Token,
    kubernetes: KubernetesConfig,
    environ: Mapping[str, str],
    account: Path = _ACCOUNT,
) -> Access:
    """The same server, where `token` alone proves who we are: no certificate, no other token."""
    own = {"bearer_token": token, "cert_file": "", "key_file": ""}
    if kubernetes.host:
        return _configured(msgspec.structs.replace(kubernetes, **own))
    if _is_in_cluster(environ, account):
        access = _in_cluster(environ, account)
        return msgspec.structs.replace(access, credential=FixedToken(token))
    return _by_kubeconfig(kubernetes.context, environ, token)


def load_access(
    kubernetes: KubernetesConfig, environ: Mapping[str, str], account: Path = _ACCOUNT
) -> Access:
    """Find the way in. ConfigError when there is none, or what it names cannot be used."""
    if kubernetes.host:
        access = _configured(kubernetes)
    elif _is_in_cluster(environ, account):
        access = _in_cluster(environ, account)
    else:
        access = _by_kubeconfig(kubernetes.context, environ)
    return _checked(access)


def load_context(context: str, environ: Mapping[str, str]) -> Access:
    """The way that a context of the kubeconfig names, whatever a runner's own settings say."""
    return _checked(_by_kubeconfig(context, environ))


def _checked(access: Access) -> Access:
    if not access.credential.is_stale():  # a plugin may bring a certificate of its own: not now
        access.route.context()
    return access


def _is_in_cluster(environ: Mapping[str, str], account: Path) -> bool:
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and (account / "token").is_file()


def _in_cluster(environ: Mapping[str, str], account: Path) -> Access:
    host = environ["KUBERNETES_SERVICE_HOST"]
    host = f"[{host}]" if ":" in host else host
    port = environ.get("KUBERNETES_SERVICE_PORT") or "443"
    ca_file = account / "ca.crt"
    files = TlsFiles(str(ca_file) if ca_file.is_file() else "")
    return Access(f"https://{host}:{port}", Route(TlsContext(files)), TokenFile(account / "token"))


def _by_kubeconfig(context: str, environ: Mapping[str, str], token: Token | None = None) -> Access:
    entry, credential = kubeconfig.load(context, environ)
    if token is not None:
        entry = {key: value for key, value in entry.items() if not key.startswith("client-")}
        credential = FixedToken(token)
    route = Route(
        kubeconfig.KubeconfigContext(entry, credential),
        proxy_url=str(entry.get("proxy-url") or ""),
        server_name=str(entry.get("tls-server-name") or ""),
    )
    return Access(str(entry["server"]).rstrip("/"), route, credential)


def _configured(kubernetes: KubernetesConfig) -> Access:
    if kubernetes.cert_file and not (kubernetes.key_file and kubernetes.ca_file):
        raise ConfigError(
            "[runners.kubernetes] has `cert_file` but not both `key_file` and `ca_file`",
            hint="give all three, or use `bearer_token`",
            reference="kubernetes-access",
        )
    files = TlsFiles(kubernetes.ca_file, kubernetes.cert_file, kubernetes.key_file)
    host = kubernetes.host.rstrip("/")
    if "://" not in host:  # client-go's rule
        host = f"{'https' if files != TlsFiles() else 'http'}://{host}"
    context = TlsContext(files)
    route = Route(context if host.startswith("https:") else lambda: None)
    return Access(host, route, FixedToken(kubernetes.bearer_token))
