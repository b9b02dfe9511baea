"""What `podlane migrate` does and prints: the plan, and with --apply each step."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from podlane import __version__
from podlane.cli.deploy.options import in_cluster
from podlane.cli.registered import registered
from podlane.core.config.check import check
from podlane.core.config.edit import set_values
from podlane.core.config.notes import ConfigNote
from podlane.core.config.times import token_times
from podlane.core.deploy.placement import placement
from podlane.core.deploy.secrets import without_secrets
from podlane.core.deploy.wish import Extras, Wish
from podlane.core.migrate import start
from podlane.core.migrate.config import Moved, moved
from podlane.core.migrate.left import left_behind, proxies_of
from podlane.core.migrate.release import Release
from podlane.core.migrate.values import NOTHING, Left
from podlane.core.text.token import short_token
from podlane.deploy.migrate import old, read, switch
from podlane.deploy.prepare import Order, prepare_text
from podlane.deploy.standing import shown
from podlane.deploy.tokens import DEAD, identities
from podlane.deploy.undo import Step
from podlane.errors import ConfigError, PodlaneError
from podlane.manager.config_file import check_writable, read_text, write_text

_SHORT_GRACE = 300


def migrate(options: Mapping[str, Any]) -> None:
    if options["values"]:
        _from_files(options)
        return
    context, namespace = options["context"], options["namespace"]
    release, account = in_cluster(context, lambda api: _read(api, options["release"], namespace))
    switch.refuse_migrated(release)
    found, wish = _wish(_with_config(release, options["config"]), options)
    steps, running = in_cluster(context, lambda api: _plan(api, release, wish))
    _show_release(release, wish, running)
    _show_settings(found, release, wish)
    _show_left(left_behind(release, found, account, wish.name))
    click.echo("\nObjects of podlane:")
    for step in steps:
        click.echo(f"  {shown(step.manifest)}: {'there already' if step.before else 'new'}")
    _write(found, options["write"])
    if not options["applies"]:
        _show_what_apply_does(release, wish, running)
        return
    _refuse_unregistering(release, wish)
    _refuse_losses(release, running, is_forced=options["now"])
    click.echo("\nMoving:")
    in_cluster(context, lambda api: switch.switch(api, release, wish, click.echo, options["wait"]))
    where = f"-n {wish.namespace} --name {wish.name}"
    click.echo(f"podlane takes the jobs. Next: podlane deploy status {where}")
    click.echo(f"Back: podlane migrate back -n {namespace} --release {release.name}")


async def _read(api: Any, name: str, namespace: str) -> tuple[Release, dict[str, str]]:
    release = await read.read_release(api, name, namespace)
    return release, await read.account_annotations(api, release)


async def _plan(api: Any, release: Release, wish: Wish) -> tuple[list[Step], int | None]:
    return await switch.plan(api, release, wish), await old.job_pods(api, wish.config.runners)


def _from_files(options: Mapping[str, Any]) -> None:
    from podlane.core.migrate.files import read_values, release_of_values

    if options["applies"]:
        raise ConfigError(
            "--apply needs the cluster: --values reads a file alone",
            hint="leave --values out, or --write config.toml and `podlane deploy apply --config`",
            reference="usage",
        )
    path = options["values"]
    values = read_values(read_text(Path(path)), path)
    release = release_of_values(values, options["release"] or "gitlab-runner", options["namespace"])
    found, wish = _wish(_with_config(release, options["config"]), options)
    _show_settings(found, release, wish)
    _show_left(left_behind(release, found, {}))
    _write(found, options["write"])
    if options["write"]:
        more = f" --replicas {wish.replicas}" if wish.replicas > 1 else ""
        click.echo(
            f"Next: podlane deploy apply -n {wish.namespace} --config {options['write']}{more}"
        )


def _with_config(release: Release, path: str) -> Release:
    """A config.toml that somebody gives has its token, and nothing registers any more."""
    if not path:
        return release
    return msgspec.structs.replace(release, config=read_text(Path(path)), registers=False)


def _wish(release: Release, options: Mapping[str, Any]) -> tuple[Moved, Wish]:
    variables = start.variables(release)
    given = registered(variables, release.words) if release.registers else {}
    found = moved(release, given)
    order = Order(
        config=Path(f"config.toml of {release.title}"),
        image=options["image"] or f"podlane:{__version__}",
        name=options["name"],
        namespace=release.namespace,
        replicas=options["replicas"] or release.replicas,
        extras=Extras(service_monitor=_has_monitor(release)),
    )
    wish = _taking_over(prepare_text(found.after, order, os.environ)[0], release)
    text = _verified(found.after, wish, release)
    wish, notes = prepare_text(text, order, os.environ)
    _show_notes(notes)
    return msgspec.structs.replace(found, after=text), _taking_over(wish, release)


def _taking_over(wish: Wish, release: Release) -> Wish:
    """With what the old manager's pod has beside its config."""
    trusted = {name: pem for name, pem in release.certificates.items() if ".auth." not in name}
    return msgspec.structs.replace(
        wish, certificates=trusted, placement=placement(release.pod), proxies=proxies_of(release)
    )


def _has_monitor(release: Release) -> bool:
    metrics = release.values.get("metrics", {})
    monitor = metrics.get("serviceMonitor", {}) if isinstance(metrics, dict) else {}
    return bool(isinstance(monitor, dict) and monitor.get("enabled"))


def _verified(text: str, wish: Wish, release: Release) -> str:
    """Ask GitLab about each token, and note when it ends: the manager exchanges it in time."""
    try:
        found = asyncio.run(identities(wish, lambda line: click.echo(line.strip(), err=True)))
    except PodlaneError as error:
        raise _refused_token(error, release) if error.reference == DEAD else error from None
    for entry, identity in zip(check(text, os.environ).entries, found, strict=True):
        if identity is not None and identity.token_expires_at:
            times = token_times(datetime.now(UTC), identity.token_expires_at)
            text = set_values(text, entry.index, times)
    return text


def _refused_token(error: PodlaneError, release: Release) -> PodlaneError:
    place = f"-n {release.namespace} exec deploy/{release.deployment['metadata']['name']}"
    return PodlaneError(
        error.message,
        hint="the old manager may have exchanged it, and keeps the new one in its pod alone: "
        f"`kubectl {place} -- cat /home/gitlab-runner/.gitlab-runner/config.toml > config.toml`, "
        "and add --config config.toml",
        reference="migrate-token",
    )


def _show_release(release: Release, wish: Wish, running: int | None) -> None:
    chart = f", {release.chart}" if release.chart else ""
    click.echo(f"{release.title}{chart}: {_several(release.replicas, 'manager')}")
    for one in wish.config.runners:
        click.echo(f"  runner {one.name} ({short_token(one.token)}) of {one.url}")
    jobs = (
        "pods of its jobs cannot be seen"
        if running is None
        else _several(running, "job") + " running"
    )
    click.echo(f"  {jobs}")


def _show_settings(found: Moved, release: Release, wish: Wish) -> None:
    import difflib

    click.echo("\nSettings that change (config.toml, before and after):")
    before, _ = without_secrets(found.before)
    lines = difflib.unified_diff(
        before.splitlines(), wish.config_text.splitlines(), n=0, lineterm=""
    )
    changed = [line for line in list(lines)[2:] if not line.startswith("@@")]
    for line in changed:
        click.echo(f"  {line}")
    if not changed:
        click.echo("  none")
    if release.replicas > 1:
        told = ", ".join(f"{one.key} {one.before} → {one.after}" for one in found.changes)
        each = f"in each of its {release.replicas} managers"
        click.echo(f"  gitlab-runner counts limits {each}, podlane over all of them;")
        click.echo(f"  so that as many jobs run as before: {told}")


def _show_notes(notes: tuple[ConfigNote, ...]) -> None:
    for note in notes:
        hint = f" ({note.hint})" if note.hint else ""
        click.echo(f"note: {note.message}{hint}", err=True)


def _show_left(rows: list[Left]) -> None:
    """First what somebody has to do something about."""
    if not rows:
        click.echo("\nEverything carries over.")
        return
    click.echo("\nDoes not carry over:")
    for row in rows:
        if row.do != NOTHING:
            click.echo(f"  {row.what}\n    why: {row.why}\n    do:  {row.do}")
    for row in rows:
        if row.do == NOTHING:
            click.echo(f"  {row.what}: {row.why}; nothing to do")
    if any(row.what.startswith("value ") for row in rows):
        click.echo(
            "  (podlane's own Helm chart has most values under their old names: docs/chart.md)"
        )


def _write(found: Moved, path: str) -> None:
    if path:
        target = Path(path)
        if target.exists():
            raise ConfigError(
                f"{target} is there already", hint="--write another file", reference="file"
            )
        check_writable(target)
        write_text(target, found.after)
        click.echo(f"\n{target}: written, with its token; keep it as you keep tokens")


def _show_what_apply_does(release: Release, wish: Wish, running: int | None) -> None:
    deployment = shown(release.deployment)
    click.echo("\nNothing was changed. With --apply:")
    click.echo("  1. podlane's objects are made, and its manager must be ready; both ask for jobs")
    click.echo(f"  2. {deployment} goes from {release.replicas} to 0 managers: it asks for no more")
    click.echo(
        f"     jobs, has {release.grace} s to finish those that it has, and ends; its jobs' pods "
        "are left alone"
    )
    if release.grace < _SHORT_GRACE and running:
        click.echo(f"     that is short: {_several(running, 'job')} of it may be lost")
    click.echo("  3. nothing of the old release is deleted; `podlane migrate back` is the way back")


def _refuse_unregistering(release: Release, wish: Wish) -> None:
    """With a `glrt-` token `unregister` forgets one manager; with an older one the whole runner."""
    for runner in wish.config.runners:
        if release.unregisters and not runner.token.reveal().startswith(start.NEW_TOKEN):
            raise PodlaneError(
                f"the old manager would take the runner {runner.name} away from GitLab when it "
                "stops (preStop: unregister), and its token with it",
                hint="make a runner on GitLab's pages (its token begins with `glrt-`), then "
                "`podlane register` and `podlane deploy apply`. Nothing was changed",
                reference="migrate-unregisters",
            )


def _refuse_losses(release: Release, running: int | None, *, is_forced: bool) -> None:
    """gitlab-runner loses the jobs that it has when its time to stop is over; podlane does not."""
    if running and release.grace < _SHORT_GRACE and not is_forced:
        raise PodlaneError(
            f"{_several(running, 'job')} of the old manager would have {release.grace} s to end, "
            "and be lost after that (terminationGracePeriodSeconds)",
            hint="migrate while none runs: pause the runner on GitLab's pages, wait, --apply, and "
            "resume it; --now does it all the same. Nothing was changed",
            reference="migrate-jobs-running",
        )


def _several(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
