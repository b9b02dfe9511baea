"""`podlane run`: the manager, in the foreground, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from podlane import __version__
from podlane.cli.command import Command
from podlane.cli.complete import words
from podlane.cli.options import config_option
from podlane.core.config.check import Entry
from podlane.core.config.model import Config
from podlane.core.text.token import Token
from podlane.errors import ConfigError

if TYPE_CHECKING:
    from podlane.manager.single import Until
    from podlane.manager.system_id import SystemId

log = logging.getLogger(__name__)

_HELP = """Run the manager in the foreground: ask GitLab for jobs, make a pod for each, settle them.

SIGTERM ends it at once, and running jobs do not notice. SIGHUP reads the config anew; so does a
change of the file."""


@click.command(
    cls=Command, examples=["podlane run --config config.toml --listen-address :9252"], help=_HELP
)
@config_option
@click.option(
    "--listen-address",
    envvar="LISTEN_ADDRESS",
    metavar="HOST:PORT",
    help="Serve metrics and health here; else as the file says.",
)
@click.option(
    "--log-level",
    envvar="LOG_LEVEL",
    metavar="LEVEL",
    shell_complete=words("debug", "info", "warning", "error"),
    help="debug, info, warning, error.",
)
@click.option(
    "--log-format",
    envvar="LOG_FORMAT",
    metavar="FORMAT",
    shell_complete=words("runner", "text", "json"),
    help="runner, text or json.",
)
def command(
    config: str | None, listen_address: str | None, log_level: str | None, log_format: str | None
) -> None:
    from podlane.manager import logs
    from podlane.manager.config_file import find_config_file, read_config
    from podlane.manager.environment import ENVIRONMENT

    file = find_config_file(config, os.environ)
    checked = read_config(file, ENVIRONMENT)
    whole = checked.config

    def set_up_log(config: Config) -> None:
        logs.set_up(log_level or config.log_level, log_format or config.log_format)

    set_up_log(whole)
    logs.say_notes(checked.notes)
    if listen_address:
        import msgspec

        whole = msgspec.structs.replace(whole, listen_address=listen_address)
    loop_runner()(serve(file, whole, checked.left_out, set_up_log))


def loop_runner() -> Callable[[Coroutine[Any, Any, None]], None]:
    if sys.platform == "win32":
        return asyncio.run
    import uvloop

    return uvloop.run


def _installation(file: Path, system_id: SystemId) -> str:
    """Name what belongs together over restarts: this config file on this machine.

    Where no id can be kept, as with a mounted ConfigMap, the Deployment sets PODLANE_INSTALLATION.
    """
    if not system_id.is_persistent:
        return "default"
    return hashlib.sha256(f"{system_id.text}\n{file}".encode()).hexdigest()[:12]


def _say_baked(folder: Path) -> None:
    """A ConfigMap mounted on /etc/gitlab-runner hides what an image has below it."""
    from podlane.clients.http.own_certificates import BAKED, baked_beside

    if hidden := baked_beside(folder):
        log.info(
            "Certificates of the image do not lie beside config.toml, where something else may be "
            "mounted over them; they are used all the same",
            extra={
                "fields": {"certs": f"{folder}/certs", "in": str(BAKED), "of": ", ".join(hidden)}
            },
        )


async def serve(
    file: Path,
    config: Config,
    left_out: tuple[Entry, ...],
    set_up_log: Callable[[Config], None],
    until: Until | None = None,
) -> None:
    """Run the manager until it is told to stop, or has done what `until` says."""
    from podlane.manager.daemon import Manager, Signals
    from podlane.manager.runners import Identity
    from podlane.manager.seating import seating
    from podlane.manager.sentry import Sentry
    from podlane.manager.system_id import load_system_id

    host_name = socket.gethostname()
    system_id = load_system_id(file, told=os.environ.get("PODLANE_SYSTEM_ID", ""))
    identity = Identity(
        version=__version__,
        system_id=system_id.text,
        installation=os.environ.get("PODLANE_INSTALLATION") or _installation(file, system_id),
        host_name=host_name,
        helper_image=os.environ.get("PODLANE_IMAGE", ""),
        docker_config=Path.home() / ".docker" / "config.json",
        certificates_in_jobs=bool(os.environ.get("PODLANE_CERTIFICATES_IN_JOBS")),
        seating=seating(os.environ, host_name),
    )
    _say_baked(file.parent)
    signals = Signals()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        loop.add_signal_handler(number, signals.tell_to_stop)
    loop.add_signal_handler(signal.SIGHUP, signals.hup.set)
    manager = Manager(config, file, identity, left_out)
    manager.heard = set_up_log
    manager.sentry = Sentry(_sentry_dsn(os.environ))
    manager.places.is_draining = bool(os.environ.get("PODLANE_DRAIN"))
    gc.freeze()  # what is imported stays: no collection need look at it again
    gc.set_threshold(10_000, 20, 20)
    try:
        if until is None:
            await manager.serve(signals)
        else:
            await until.serve(manager, signals)
    except Exception as error:
        await manager.sentry.crashed(error)
        raise


def _sentry_dsn(environ: Mapping[str, str]) -> Token:
    """The fallback of `sentry_dsn`."""
    from podlane.core.config import dsn

    found = Token(environ.get("SENTRY_DSN", ""))
    for name, what in dsn.faults("SENTRY_DSN", found):
        raise ConfigError(f"`{name}` {what}", reference="config-value")
    return found
