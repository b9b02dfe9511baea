"""Whom we trust and who we are, when speaking TLS.

Always the system's store, plus our own certificates (PODLANE_CERTIFICATES), plus the CA of
`tls-ca-file` or of `certs/<host>.crt` beside the config (gitlab-runner's places) or in the image,
plus PEM text handed over; TLS 1.2 at least.
"""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from podlane.clients.http.own_certificates import BAKED, own_certificates, own_files
from podlane.errors import ConfigError

if TYPE_CHECKING:
    from podlane.core.config.model import RunnerConfig

_DER = 2  # the ssl module's own number for it
Stamp = tuple[tuple[int, int], ...]


class TlsFiles(msgspec.Struct, frozen=True):
    """Paths of PEM files; empty: none."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def read_ca(self) -> str:
        """The PEM text of the CA file; "" when there is none to be read.

        A file that cannot be read is reported by the session that is to use it.
        """
        return _text(self.ca_file)

    def read_client(self) -> tuple[str, str]:
        """The PEM texts of our own certificate and its key, as `read_ca`."""
        certificate = _text(self.cert_file)
        return certificate, _text(self.key_file) or certificate

    def stamp(self) -> Stamp:
        """Changes whenever one of the files does, or one of our own certificates."""
        named = (self.ca_file, self.cert_file, self.key_file)
        return (*own_stamp(), *(file_stamp(name) for name in named))


NO_FILES = TlsFiles()


def _text(name: str) -> str:
    try:
        return Path(name).read_text() if name else ""
    except (OSError, UnicodeDecodeError):
        return ""


class TlsContext:
    """Gives the context of some files, built anew when one of them has changed."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._chain = ""
        self._stamp: Stamp = ()
        self._context: ssl.SSLContext | None = None

    def __call__(self) -> ssl.SSLContext:
        """The same object as long as the files are the same. A change that cannot be used, such as
        a file half written, leaves the last good one in force."""
        stamp = self._files.stamp()
        if self._context is None:
            self._context, self._stamp = self._build(), stamp
        elif stamp != self._stamp:
            try:
                self._context, self._stamp = self._build(), stamp
            except ConfigError:
                return self._context
        return self._context

    def ca_certificates(self) -> str:
        """What a job needs to trust the same server: the text of the CA file, or else the chain
        that the server proved itself by; PEM, "" before the first connection."""
        return self._files.read_ca() or self._chain

    def _build(self) -> ssl.SSLContext:
        context = make_context(self._files)

        keeper = self

        class Noting(ssl.SSLObject):
            def do_handshake(self) -> None:
                super().do_handshake()
                keeper._chain = verified_chain(self) or keeper._chain

        context.sslobject_class = Noting
        return context


def verified_chain(connection: ssl.SSLObject) -> str:
    """The certificates from the server's own to the one we trust, PEM; "" when not to be had."""
    if sys.version_info >= (3, 13):
        parts = connection.get_verified_chain()
    else:  # there already, but not public yet
        inner: Any = getattr(connection, "_sslobj", None)
        found = inner.get_verified_chain() if hasattr(inner, "get_verified_chain") else None
        parts = [certificate.public_bytes(_DER) for certificate in found or ()]
    return "".join(ssl.DER_cert_to_PEM_cert(part) for part in parts)


def file_stamp(name: str) -> tuple[int, int]:
    try:
        found = Path(name).stat() if name else None
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino) if found else (0, 0)


def own_stamp() -> Stamp:
    """Changes whenever our own certificates do; () where they cannot be looked at."""
    try:
        return tuple(file_stamp(str(file)) for file in own_files())
    except ConfigError:
        return ()


def find_tls_files(folder: Path, runner: RunnerConfig, baked: Path = BAKED) -> TlsFiles:
    """The files of one runner: as configured, else by the name of GitLab's host in `certs/`, or
    among those of the image, which a mount may hide there."""
    host = urlsplit(runner.url).hostname or ""

    def pick(configured: str, name: str) -> str:
        places = (folder / "certs" / name, baked / name) if host and not configured else ()
        return configured or next((str(one) for one in places if one.is_file()), "")

    return TlsFiles(
        pick(runner.tls_ca_file, f"{host}.crt"),
        pick(runner.tls_cert_file, f"{host}.auth.crt"),
        pick(runner.tls_key_file, f"{host}.auth.key"),
    )


def make_context(files: TlsFiles = NO_FILES, *, ca_text: str = "") -> ssl.SSLContext:
    """Build the context; ConfigError when a file cannot be read."""
    context = plain_context()
    try:
        if files.ca_file:
            context.load_verify_locations(cafile=files.ca_file)
        if ca_text:
            context.load_verify_locations(cadata=ca_text)
        if files.cert_file:
            context.load_cert_chain(files.cert_file, files.key_file or None)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(name for name in (files.ca_file, files.cert_file) if name)
        raise _unusable(named or "handed over", error) from error
    return context


def _unusable(named: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"cannot use the certificates {named}: {error}",
        hint="a certificate file is PEM text; see `tls-ca-file`",
        reference="certificates",
    )


def plain_context() -> ssl.SSLContext:
    """Trust the system's store and our own certificates, as Go does: a server's own certificate
    may be trusted by itself, and a CA that Python 3.13 calls too lax (no key identifier, say) is
    one. ConfigError for a file of ours that cannot be used."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if own := own_certificates():
        try:
            context.load_verify_locations(cadata=own)
        except (ValueError, ssl.SSLError) as error:
            raise _unusable(", ".join(map(str, own_files())), error) from error
    return context
