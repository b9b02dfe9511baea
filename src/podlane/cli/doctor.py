"""`podlane doctor`: what keeps jobs from running, each with what mends it."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from podlane.cli.command import Command
from podlane.cli.complete import contexts
from podlane.cli.options import config_option
from podlane.core.config.model import RunnerConfig
from podlane.core.pod.manifests import Manifests
from podlane.doctor.configuration import configuration
from podlane.doctor.finding import Finding, in_one_line
from podlane.doctor.patient import Account, Patient

_HELP = """Look at all that jobs need, in order: config.toml, GitLab, its certificate, the token,
the cluster, rights, quota and limits, Pod Security, the objects that the config names, the cache.

One line each, with what mends it. It looks from where it runs: on a laptop at a config.toml or,
by --deployment, at a manager in the cluster; in the manager's pod at itself. The exit code
is 1 when something fails."""

Tell = Callable[[Finding], None]


@click.command(
    cls=Command,
    examples=["podlane doctor", "podlane doctor --deployment podlane -n ci"],
    help=_HELP,
)
@config_option
@click.option("--deployment", default="", metavar="NAME", help="Look at this deployment.")
@click.option("-n", "--namespace", default="", metavar="NAME", help="The manager's namespace.")
@click.option(
    "--context",
    default="",
    metavar="NAME",
    shell_complete=contexts,
    help="A context of the kubeconfig; else the current one.",
)
@click.option("--trial-pod", is_flag=True, help="Make a pod: do images come, is GitLab reached?")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.option("--reach", default="", hidden=True)
def command(
    config: str | None, deployment: str, namespace: str, *, reach: str, as_json: bool, **how: Any
) -> int:
    if reach:
        return _reach(reach)
    findings: list[Finding] = []

    def tell(found: Finding) -> None:
        one = in_one_line(found)
        findings.append(one)
        if not as_json:
            _show(one)

    if deployment:
        asyncio.run(_at_deployment(deployment, namespace or "podlane", how, tell))
    else:
        asyncio.run(_at_file(config, namespace, how, tell))
    failures = sum(one.state == "FAIL" for one in findings)
    if as_json:
        _print_json(findings)
    elif failures:
        click.echo(f"{failures} of {len(findings)} checks failed.")
    else:
        click.echo(f"Nothing failed in {sum(one.state != 'skip' for one in findings)} checks.")
    return int(failures > 0)


async def _at_file(config: str | None, namespace: str, how: dict[str, Any], tell: Tell) -> None:
    from podlane.manager.config_file import check_text, find_config_file, read_text
    from podlane.manager.environment import ENVIRONMENT
    from podlane.manager.system_id import load_system_id

    path = find_config_file(config, os.environ)
    checked = check_text(read_text(path), path.parent, ENVIRONMENT)
    for one in configuration(config or str(path), checked):
        tell(one)
    if not checked.is_fit:
        return
    patient = Patient(
        runners=checked.config.runners,
        folder=path.parent,
        environ=ENVIRONMENT,
        system_id=load_system_id(path, told=os.environ.get("PODLANE_SYSTEM_ID", "")).text,
        rehearse=_rehearsal(os.environ.get("PODLANE_IMAGE", "")),
        account=_own_account(),
        namespace=namespace,
        context=how["context"],
        has_trial=how["trial_pod"],
    )
    await _examine(patient, tell)


async def _at_deployment(name: str, namespace: str, how: dict[str, Any], tell: Tell) -> None:
    from podlane import __version__
    from podlane.clients.kube.access import load_access
    from podlane.clients.kube.api import KubeApi
    from podlane.core.config.kubernetes import KubernetesConfig
    from podlane.core.deploy.manager import seats_of
    from podlane.doctor.deployed import deployed

    access = load_access(KubernetesConfig(context=how["context"]), os.environ)
    api = KubeApi(access, user_agent=f"podlane/{__version__}")
    try:
        found = await deployed(api, name, namespace, os.environ)
    finally:
        await api.close()
    for one in configuration(f"config.toml of {namespace}/{name}", found.checked):
        tell(one)
    if not found.checked.is_fit:
        return
    with tempfile.TemporaryDirectory(prefix="podlane-doctor-") as folder:
        patient = Patient(
            runners=found.runners(Path(folder)),
            folder=Path(folder),
            environ=found.environ,
            system_id=found.system_id,
            rehearse=_rehearsal(found.wish.image),
            account=Account(namespace, name, seats=seats_of(found.wish)),
            namespace=namespace,
            context=how["context"],
            has_trial=how["trial_pod"],
        )
        await _examine(patient, tell)


async def _examine(patient: Patient, tell: Tell) -> None:
    from podlane.doctor.examine import examine

    async for one in examine(patient):
        tell(one)


def _own_account() -> Account | None:
    """The account that we run as, in the pod of a deployment."""
    namespace, slash, name = os.environ.get("PODLANE_TOKEN_SECRET", "").partition("/")
    return Account(namespace, name, is_ours=True) if slash else None


def _rehearsal(image: str) -> Callable[[RunnerConfig], Manifests]:
    """Make the objects of a plain job; `image`: podlane's own. Which images are allowed does not
    count: where the config names none, the job has one that is only looked at."""
    from podlane.cli.config.sample import plain_job
    from podlane.cli.rehearse import context, rehearse

    def made(runner: RunnerConfig) -> Manifests:
        asked = context(runner)
        if image:
            asked = msgspec.structs.replace(asked, helper_image=image)
        free = msgspec.structs.replace(runner.kubernetes, allowed_images=())
        whole = msgspec.structs.replace(runner, kubernetes=free)
        asked = msgspec.structs.replace(asked, runner=whole)
        return rehearse(plain_job(free), asked).manifests

    return made


def _show(one: Finding) -> None:
    click.echo(f"{one.state:<5} {one.check:<18} {one.message}".rstrip())
    if one.fix:
        click.echo(f"      fix: {one.fix}")


def _print_json(findings: Iterable[Finding]) -> None:
    checks = [msgspec.to_builtins(one) for one in findings]
    is_ok = all(one["state"] != "FAIL" for one in checks)
    click.echo(json.dumps({"ok": is_ok, "checks": checks}, indent=2))


def _reach(url: str) -> int:
    """What the trial pod runs."""
    from podlane.doctor.reach import reach

    why = reach(url)
    if why:
        click.echo(why, err=True)
    return int(bool(why))
