"""`podlane deploy render`: the objects as YAML, for `kubectl apply -f -` or a repository."""

from __future__ import annotations

from typing import Any

import click

from podlane.cli.command import Command
from podlane.cli.deploy.options import place_options, read_wish, say_why, wish_options

_HELP = """Print all objects of the deployment as YAML. Nothing is sent anywhere.

The Secret holds the tokens in the clear (base64): keep the output as you keep tokens, or leave the
Secret out by --without-secret and make it by other means."""


@click.command(
    cls=Command, examples=["podlane deploy render -n ci | kubectl apply -f -"], help=_HELP
)
@place_options
@wish_options
@click.option("--without-secret", is_flag=True, help="Leave the Secret out.")
def command(
    name: str, namespace: str, *, context: str, without_secret: bool, **options: Any
) -> None:
    from podlane.cli.readable import print_documents
    from podlane.core.deploy.manifests import manifests

    del context
    found = manifests(read_wish(name, namespace, options))
    say_why(found)
    print_documents(one for one in found if not (without_secret and one["kind"] == "Secret"))
