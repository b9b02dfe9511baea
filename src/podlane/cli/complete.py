"""What a shell offers for the value of an option: quick, and silent when nothing is to be had."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click


def runner_names(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The runners of config.toml."""
    from podlane.core.config.entries import read_entries
    from podlane.errors import PodlaneError
    from podlane.manager.config_file import find_config_file, read_text

    try:
        path = find_config_file(ctx.params.get("config"), os.environ)
        entries = read_entries(read_text(path), os.environ)
    except PodlaneError:
        return []
    names = (entry.runner.name for entry in entries)
    return [name for name in names if name and name.startswith(incomplete)]


def contexts(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """The contexts of the kubeconfig."""
    import yaml

    named = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube/config")
    found: dict[str, None] = {}
    for file in filter(None, named.split(os.pathsep)):
        try:
            whole = yaml.safe_load(Path(file).read_text())
            found |= dict.fromkeys(str(one["name"]) for one in whole["contexts"])
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
            continue
    return [name for name in found if name.startswith(incomplete)]


def words(*offered: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """For an option that takes other words as well."""
    return lambda _, __, incomplete: [one for one in offered if one.startswith(incomplete)]
