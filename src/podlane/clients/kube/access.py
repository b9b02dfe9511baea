"""How to reach an API server: the settings of a runner, the pod's own account, or a kubeconfig.

The order is gitlab-runner's (client-go's): `host` in [runners.kubernetes], else the service
account of the pod we run in, else KUBECONFIG or `~/.kube/config` with `context`.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from podlane.clients.http.tls import make_context
from podlane.clients.kube import kubeconfig
from podlane.core.config.model import KubernetesConfig
from podlane.errors import ConfigError

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
Bearer = Callable[[], str]


class Access:
    """`url` without a trailing slash; `bearer()` gives the token of this moment, or ""."""

    def __init__(self, url: str, context: ssl.SSLContext | None, bearer: Bearer) -> None:
        self.url = url.rstrip("/")
        self.context = context
        self.bearer = bearer


def load_access(
    kubernetes: KubernetesConfig, environ: Mapping[str, str], account: Path = _ACCOUNT
) -> Access:
    """Find the way in. ConfigError when there is none, or what it names cannot be used."""
    if kubernetes.host:
        return _configured(kubernetes)
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    if host and (account / "token").is_file():
        port = environ.get("KUBERNETES_SERVICE_PORT", "443")
        host = f"[{host}]" if ":" in host else host
        return Access(
            f"https://{host}:{port}",
            _context(ca_file=account / "ca.crt"),
            lambda: (account / "token").read_text().strip(),
        )
    found = kubeconfig.load(kubernetes.context, environ)
    return Access(found.server, found.tls_context(), found.bearer)


def _configured(kubernetes: KubernetesConfig) -> Access:
    if kubernetes.cert_file and not (kubernetes.key_file and kubernetes.ca_file):
        raise ConfigError(
            "[runners.kubernetes] has `cert_file` but not both `key_file` and `ca_file`",
            hint="give all three, or use `bearer_token`",
            reference="kubernetes-access",
        )
    token = kubernetes.bearer_token
    context = None
    if kubernetes.host.startswith("https:"):
        context = _context(
            ca_file=Path(kubernetes.ca_file) if kubernetes.ca_file else None,
            cert_file=kubernetes.cert_file,
            key_file=kubernetes.key_file,
        )
    return Access(kubernetes.host, context, token.reveal)


def _context(*, ca_file: Path | None, cert_file: str = "", key_file: str = "") -> ssl.SSLContext:
    from podlane.clients.http.tls import TlsFiles

    return make_context(TlsFiles(str(ca_file) if ca_file else "", cert_file, key_file))
