"""The file and the options somebody gives → the wish; what was put in or left alone is said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from podlane.clients.http.tls import TlsFiles, find_tls_files, make_context
from podlane.core.config.check import check
from podlane.core.config.entries import read_entries
from podlane.core.config.notes import ConfigNote
from podlane.core.config.parse import refuse_unfit
from podlane.core.deploy.home import with_namespaces
from podlane.core.deploy.secrets import spelt, without_secrets
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
    return prepare_text(read_text(order.config), order, environ)


def prepare_text(
    text: str, order: Order, environ: Mapping[str, str]
) -> tuple[Wish, tuple[ConfigNote, ...]]:
    """The same for a text that `order.config` only names."""
    try:
        notes = refuse_unfit(check(text, environ)).notes
        in_cluster, files = _without_ca_files(with_namespaces(text, order.namespace), order.config)
        public, secrets = without_secrets(in_cluster)
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
        certificates=_certificates((*order.certificates, *files)),
        extras=order.extras,
    )
    return wish, notes


def _without_ca_files(text: str, config: Path) -> tuple[str, tuple[str, ...]]:
    """A CA file of GitLab's that lies here goes along: the manager's pod has no such path.

    One that is not here is left to the image, which may have it."""
    document = tomlkit.parse(text)
    found: list[str] = []
    runners: Any = document.get("runners", [])
    for table, entry in zip(runners, read_entries(text, {}), strict=False):
        file = find_tls_files(config.parent, entry.runner).ca_file
        if file and Path(file).is_file():
            found.append(file)
            table.pop(spelt(table, "tls-ca-file"), None)
    return tomlkit.dumps(document), tuple(dict.fromkeys(found))


def _certificates(paths: tuple[str, ...]) -> dict[str, str]:
    """File names and PEM texts; a file that is no certificate is refused here, not in the pod."""
    found: dict[str, str] = {}
    for path in dict.fromkeys(paths):
        text = read_text(Path(path))
        if text in found.values():
            continue
        make_context(TlsFiles(path))
        name = Path(path).name
        name = name if name.endswith(".crt") else f"{Path(path).stem}.crt"
        while name in found:
            name = f"x{name}"
        found[name] = text
    return found
