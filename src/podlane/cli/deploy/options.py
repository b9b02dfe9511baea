"""Options that the commands of `podlane deploy` share, and the way to the cluster."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import click

from podlane import __version__
from podlane.cli.complete import contexts
from podlane.cli.options import config_option
from podlane.clients.kube.api import KubeApi
from podlane.core.deploy.wish import Extras, Manifest, Wish, why
from podlane.deploy.prepare import Order, prepare
from podlane.errors import ServiceError, Unavailable
from podlane.manager import logs
from podlane.manager.config_file import find_config_file

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def place_options(command: F) -> F:
    """Take `--name`, `--namespace` and `--context`: which deployment, and where."""
    name = click.option(
        "--name",
        default="podlane",
        show_default=True,
        metavar="NAME",
        help="The deployment's name.",
    )
    namespace = click.option(
        "-n",
        "--namespace",
        default="podlane",
        show_default=True,
        metavar="NAME",
        help="Where its manager runs.",
    )
    context = click.option(
        "--context",
        default="",
        metavar="NAME",
        shell_complete=contexts,
        help="A context of the kubeconfig; else the current one.",
    )
    return name(namespace(context(command)))


_WISHES = (
    config_option,
    click.option(
        "--image",
        envvar="PODLANE_IMAGE",
        default="",
        metavar="IMAGE",
        help=f"podlane's own image.  [default: podlane:{__version__}]",
    ),
    click.option(
        "--replicas",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        metavar="NUMBER",
        help="Managers at once.",
    ),
    click.option(
        "--ca-file",
        multiple=True,
        type=click.Path(),
        metavar="FILE",
        help="Trust this CA as well (PEM); may be repeated.",
    ),
    click.option("--ca-in-jobs", is_flag=True, help="Jobs' containers trust it, too."),
    click.option(
        "--network-policy", is_flag=True, help="A NetworkPolicy: only metrics are reached."
    ),
    click.option(
        "--service-monitor", is_flag=True, help="A ServiceMonitor for the Prometheus operator."
    ),
)


def wish_options(command: F) -> F:
    """Take what shapes the objects; the command gets them as one Wish, `wish`."""
    for option in reversed(_WISHES):
        command = option(command)
    return command


def read_wish(name: str, namespace: str, options: dict[str, Any]) -> Wish:
    """Turn the options of `wish_options` into what is wanted; notes on the config are said."""
    order = Order(
        config=find_config_file(options["config"], os.environ),
        image=options["image"] or f"podlane:{__version__}",
        name=name,
        namespace=namespace,
        replicas=options.get("replicas") or 1,
        certificates=options.get("ca_file", ()),
        extras=Extras(
            network_policy=options.get("network_policy", False),
            service_monitor=options.get("service_monitor", False),
            certificates_in_jobs=options.get("ca_in_jobs", False),
        ),
    )
    wish, notes = prepare(order, os.environ)
    logs.say_notes(notes)
    return wish


def say_why(objects: Iterable[Manifest]) -> None:
    """Beside what is printed for programs: which objects reach over all namespaces, and why."""
    for one in objects:
        if reason := why(one):
            click.echo(f"{one['kind']} {one['metadata']['name']}: for {reason}", err=True)


def in_cluster(context: str, work: Callable[[KubeApi], Awaitable[T]]) -> T:
    """Do `work` with the cluster of the kubeconfig's context, or of the pod we run in."""
    from podlane.clients.kube.access import load_access
    from podlane.core.config.kubernetes import KubernetesConfig
    from podlane.deploy.refusal import explained

    async def run() -> T:
        api = KubeApi(
            load_access(KubernetesConfig(context=context), os.environ),
            user_agent=f"podlane/{__version__}",
        )
        try:
            return await work(api)
        except ServiceError as error:
            if error.service == "kubernetes" and not isinstance(error, Unavailable):
                raise explained(error) from error
            raise
        finally:
            await api.close()

    return asyncio.run(run())
