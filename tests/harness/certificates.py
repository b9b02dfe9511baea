"""Certificates for servers of tests, of a CA that nobody else knows."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass
class Authority:
    """A CA: `pem` is its certificate, `file(folder)` writes it."""

    ca: trustme.CA

    @property
    def pem(self) -> str:
        return self.ca.cert_pem.bytes().decode()

    def file(self, folder: Path) -> str:
        path = folder / "ca.crt"
        path.write_text(self.pem)
        return str(path)

    def server(self, *names: str, client_ca: trustme.CA | None = None) -> ssl.SSLContext:
        """The context of a server of these names; with `client_ca` clients must show one of its
        certificates."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
        if client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            client_ca.configure_trust(context)
        return context

    def client_pair(self, name: str) -> tuple[str, str]:
        """A client's certificate and key, PEM."""
        made = self.ca.issue_cert(f"{name}@test.example", common_name=name)
        chain = b"".join(part.bytes() for part in made.cert_chain_pems)
        return chain.decode(), made.private_key_pem.bytes().decode()


def authority() -> Authority:
    return Authority(trustme.CA())
