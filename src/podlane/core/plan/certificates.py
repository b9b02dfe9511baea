"""Whom the job's programs trust: one file of PEM text, the helper image's store and all we add.

The helper writes it. Its own git reads it where there are certificates of ours for all servers;
the job's containers do where the deployment says so (PODLANE_CERTIFICATES_IN_JOBS): then it lies in
a volume that they share, and variables name it by which programs look for such a file.
"""

from __future__ import annotations

from podlane.core.job.payload import Variable
from podlane.core.job.variables import own_variable
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import CaBundle

# OpenSSL and so Ruby, Python, Go, PHP; git; curl; Python's requests and pip; Node.js; Deno; the
# SDKs of AWS; Cargo; Nix. Java reads no such file.
VARIABLES = (
    "SSL_CERT_FILE",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "DENO_CERT",
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "NIX_SSL_CERT_FILE",
)


def bundle(context: RunnerContext, pod: str) -> CaBundle | None:
    """`pod`: podlane's own root in the pod."""
    if context.certificates_in_jobs:
        return CaBundle(f"{pod}/certificates/ca-bundle.crt", is_shared=True)
    if context.has_own_certificates:
        return CaBundle(f"{pod}/spool/ca-bundle.crt")
    return None


def variables(context: RunnerContext, pod: str) -> list[Variable]:
    """Of the lowest rank: the runner's and the job's own go before them."""
    if not context.certificates_in_jobs:
        return []
    return [own_variable(name, f"{pod}/certificates/ca-bundle.crt") for name in VARIABLES]
