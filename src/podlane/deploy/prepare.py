"""The file and the options somebody gives → the wish; what was put in or left alone is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from podlane.clients.http.tls import TlsFiles, make_context
from podlane.core.config.check import check
from podlane.core.config.notes import ConfigNote
from podlane.core.config.parse import refuse_unfit
from podlane.core.deploy.home import with_namespaces
from podlane.core.deploy.secrets import without_secrets
from podlane.core.deploy.wish import Extras, Wish
from podlane.errors import ConfigError
from podlane.manager.config_file import in_file, read_text


class Order(msgspec.Struct, frozen=True):
    """What the command line says. `certificates`: paths of PEM files."""

    config: Path
    image: str
    name: str
    namespace: str
    replicas: int = 1
    certificates: tuple[str, ...] = ()
    extras: Extras = Extras()


def prepare(order: Order, environ: Mapping[str, str]) -> tuple[Wish, tuple[ConfigNote, ...]]:
    """Read the config and what it needs. ConfigError for a file that no manager could run."""
    text = read_text(order.config)
    try:
        notes = refuse_unfit(check(text, environ)).notes
        public, secrets = without_secrets(with_namespaces(text, order.namespace))
        revealed = {name: token.reveal() for name, token in secrets.items()}
        checked = refuse_unfit(check(public, {**environ, **revealed}))
    except ConfigError as error:
        raise in_file(order.config, error) from None
    if not checked.config.runners:
        raise ConfigError(
            f"{order.config} has no runners",
            hint="`podlane register` adds one",
            reference="no-runner",
        )
    wish = Wish(
        config_text=public,
        config=checked.config,
        secrets=secrets,
        image=order.image,
        name=order.name,
        namespace=order.namespace,
        replicas=order.replicas,
        certificates=_certificates(order.certificates),
        extras=order.extras,
    )
    return wish, notes


def _certificates(paths: tuple[str, ...]) -> dict[str, str]:
    """File names and PEM texts; a file that is no certificate is refused here, not in the pod."""
    found: dict[str, str] = {}
    for path in paths:
        text = read_text(Path(path))
        make_context(TlsFiles(path))
        name = Path(path).name
        name = name if name.endswith(".crt") else f"{Path(path).stem}.crt"
        while name in found:
            name = f"x{name}"
        found[name] = text
    return found
