"""`podlane completion`: what teaches a shell to complete podlane's command lines."""

from __future__ import annotations

import click

from podlane.cli.command import Command

_HELP = """Print what completes podlane's commands, options, files and the names of runners.

\b
bash, in ~/.bashrc:                 source <(podlane completion bash)
zsh, in ~/.zshrc, after compinit:   source <(podlane completion zsh)
fish, in config.fish:               podlane completion fish | source"""


@click.command(cls=Command, help=_HELP, examples=["podlane completion bash"])
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(click.Group("podlane"), {}, "podlane", "_PODLANE_COMPLETE").source())
