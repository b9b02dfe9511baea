"""`podlane local`: a project's `.gitlab-ci.yml`, run here, with neither GitLab nor Kubernetes."""

from __future__ import annotations

from pathlib import Path

import click

from podlane import __version__
from podlane.cli.command import Command
from podlane.cli.complete import contexts

_SOURCES = (
    "push", "merge_request_event", "schedule", "web", "api", "trigger", "pipeline",
    "parent_pipeline", "chat", "external", "webide", "tag",
)  # fmt: skip


@click.command(
    cls=Command,
    examples=["podlane local --list", "podlane local test --variable FAST=yes"],
    help="Run a project's .gitlab-ci.yml here, with neither GitLab nor Kubernetes.",
)
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--list", "only_list", is_flag=True, help="Show the jobs and why they are in or not.")
@click.option(
    "--file", default=".gitlab-ci.yml", metavar="PATH", help="The configuration, in the project."
)
@click.option(
    "--variable", "variables", multiple=True, metavar="K=V", help="Set a pipeline variable."
)
@click.option(
    "--source",
    type=click.Choice(_SOURCES),
    metavar="EVENT",
    default="push",
    help="What starts the pipeline; `tag` is a push of the tag at HEAD.",
)
@click.option("--base", default="", metavar="REF", help="What changes are counted against.")
@click.option("--no-needs", is_flag=True, help="Run the named jobs without those they need.")
@click.option(
    "--concurrent",
    type=click.IntRange(1),
    default=None,
    metavar="NUMBER",
    help="Jobs at once; else one a processor.",
)
@click.option(
    "--context",
    metavar="NAME",
    shell_complete=contexts,
    help="Run the jobs as pods, by this context of your kubeconfig.",
)
@click.option(
    "--namespace", metavar="NAME", help="On the cluster: where; else as the context says."
)
@click.option("--image", metavar="IMAGE", help="On the cluster: for jobs that name none.")
@click.option("--podlane-image", metavar="IMAGE", help="On the cluster: podlane's own.")
@click.option("--log-level", hidden=True)
@click.option("--log-format", hidden=True)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    jobs: tuple[str, ...],
    variables: tuple[str, ...],
    only_list: bool,
    no_needs: bool,
    **more: str | int | None,
) -> int:
    from podlane.local.look import Wish, show_list
    from podlane.local.show import Show

    wish = Wish(
        start=Path.cwd(),
        file=str(more["file"]),
        jobs=jobs,
        with_needs=not no_needs,
        source=str(more["source"]),
        base=str(more["base"] or ""),
        variables=tuple(_variable(ctx, text) for text in variables),
        concurrent=int(more["concurrent"] or 0),
        context=str(more["context"] or ""),
        namespace=str(more["namespace"] or ""),
        image=str(more["image"] or ""),
        own_image=str(more["podlane_image"] or f"podlane:{__version__}"),
    )
    show = Show()
    if only_list:
        return show_list(wish, show)
    from podlane.local.run import run_local

    return run_local(wish, show)


def _variable(ctx: click.Context, text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.replace("_", "a").isalnum():
        raise click.BadParameter("write it as NAME=value", ctx, param_hint="--variable")
    return key, value
