"""`podlane deploy secret`: the jobs' credentials, in the cluster and in config.toml together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from podlane.cli.command import Command
from podlane.cli.complete import runner_names
from podlane.cli.deploy.options import in_cluster, place_options
from podlane.cli.options import config_option, read_bytes
from podlane.manager.config_file import change_text, check_writable, find_config_file, read_text

_HELP = """Make the Secret NAME of files, and mount it into every job's containers.

Each --from-file is KEY=PATH, or PATH alone: the key is then the file's name. The Secret is made
where the runner's jobs run; config.toml gets its `[[runners.kubernetes.volumes.secret]]`, and
`podlane deploy upgrade` puts that into force."""


@click.group(help="Keep the jobs' credentials: for npm, gem, mvn, kubectl, git, and what you have.")
def command() -> None:
    pass


@command.command(
    "add",
    cls=Command,
    help=_HELP,
    short_help="Make a Secret of files, and mount it into every job.",
    examples=["podlane deploy secret add npm -n ci --from-file auth=a.txt --mount /npm"],
)
@click.argument("secret", metavar="NAME")
@place_options
@config_option
@click.option(
    "--from-file",
    "files",
    multiple=True,
    required=True,
    type=click.Path(),
    metavar="[KEY=]PATH",
    help="A key and its content; may be repeated.",
)
@click.option(
    "--mount",
    required=True,
    metavar="FOLDER",
    help="Where jobs find the keys as files.",
)
@click.option(
    "--runner",
    default="",
    metavar="NAME",
    shell_complete=runner_names,
    help="Only for jobs of this runner.",
)
def add(secret: str, name: str, namespace: str, *, context: str, **options: Any) -> None:
    from podlane.core.deploy.credentials import credential, with_mounts
    from podlane.deploy.credentials import keep

    path = find_config_file(options["config"], os.environ)
    check_writable(path)
    found = {key: read_bytes(Path(file)) for key, file in map(_key_and_path, options["files"])}

    def with_mount(text: str) -> str:
        return with_mounts(text, secret, options["mount"], options["runner"])[0]

    _, places = with_mounts(read_text(path), secret, options["mount"], options["runner"])
    objects = [credential(name, secret, place or namespace, found) for place in places]

    in_cluster(context, lambda api: keep(api, name, objects, click.echo))
    change_text(path, with_mount)
    click.echo(f"{path}: jobs find it at {options['mount']}")
    click.echo("`podlane deploy apply` (or `upgrade`) with that file puts it into force.")


def _key_and_path(text: str) -> tuple[str, str]:
    key, equals, path = text.partition("=")
    return (key, path) if equals else (Path(text).name, text)
