"""A release → the config.toml that its managers really run with, and podlane's made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import tomlkit

from podlane.core.config.edit import add_runner, remove_runners, set_values
from podlane.core.config.rotation import reference
from podlane.core.config.template import fill, read_template
from podlane.core.config.toml import read_toml
from podlane.core.migrate import start
from podlane.core.migrate.release import Release
from podlane.core.text.token import Token
from podlane.errors import ConfigError

_EXECUTORS = ("kubernetes",)


class Change(msgspec.Struct, frozen=True):
    """A number that is another with podlane."""

    key: str
    before: int
    after: int


class Moved(msgspec.Struct, frozen=True):
    """`before`: what gitlab-runner runs with; `after`: what podlane will. `skipped`: the runners,
    by name and executor, that it cannot run and that are in neither."""

    before: str
    after: str
    changes: tuple[Change, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()


def moved(release: Release, registered: Mapping[str, Any]) -> Moved:
    """`registered`: the runner's settings that `register` takes from flags and variables."""
    before, skipped = _without_others(config_in_force(release, registered))
    after, changes = _for_all_managers(before, release.replicas)
    return Moved(before, _without_session_server(after), changes, skipped)


def config_in_force(release: Release, registered: Mapping[str, Any]) -> str:
    """ConfigError when there is no token to go on with, or no config at all."""
    if not release.registers:
        if not read_toml(release.config).get("runners"):
            raise _nothing_known(release)
        return _filled(release)
    found = start.variables(release)
    token = start.token(found)
    if not token:
        raise _no_token(release, found)
    try:
        template = read_template(release.template) if release.template.strip() else {}
    except ConfigError as error:
        raise ConfigError(
            f"runners.config of {release.title}: {error.message}",
            hint="write the config.toml that you want, and give it by --config",
            reference=error.reference,
        ) from None
    url = found.get("CI_SERVER_URL", Token("")).reveal() or template.get("url", "")
    name = registered.get("name") or template.get("name") or release.deployment["metadata"]["name"]
    runner = {"name": name, "url": url, "token": token.reveal()}
    executor = found.get("RUNNER_EXECUTOR", Token("")).reveal() or template.get("executor")
    runner["executor"] = executor or "kubernetes"
    rest = {key: value for key, value in registered.items() if key != "name"}
    return add_runner(release.config, fill(runner | rest, template))


def _filled(release: Release) -> str:
    """Put the values of the manager's variables where a token or an address names one."""
    text = release.config
    for index, runner in enumerate(read_toml(text)["runners"]):
        known = {
            key: release.environment.get(reference(runner.get(key))) for key in ("url", "token")
        }
        values = {key: found.reveal() for key, found in known.items() if found}
        text = set_values(text, index, values) if values else text
    return text


def _without_others(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Leave out the runners of other executors, unless there are no others: that is for the check
    to say."""
    runners = read_toml(text).get("runners", [])
    others = {
        index: (str(one.get("name", f"#{index + 1}")), str(one["executor"]))
        for index, one in enumerate(runners)
        if one.get("executor", "kubernetes") not in _EXECUTORS
    }
    if len(others) == len(runners):
        return text, ()
    return remove_runners(text, set(others)), tuple(others.values())


def _for_all_managers(text: str, replicas: int) -> tuple[str, tuple[Change, ...]]:
    """gitlab-runner counts its limits in each manager, podlane over all of them."""
    document = tomlkit.parse(text)
    changes: list[Change] = []
    tables: list[tuple[str, Any]] = [("concurrent", document)]
    runners: Any = document.get("runners", [])
    tables += [("limit", one) for one in runners]
    for key, table in tables if replicas > 1 else ():
        before = table.get(key, 1 if key == "concurrent" else 0)
        if isinstance(before, int) and before > 0:
            table[key] = before * replicas
            owner = f" of the runner {table.get('name', '')}" if key == "limit" else ""
            changes.append(Change(f"{key}{owner}", int(before), before * replicas))
    return tomlkit.dumps(document), tuple(changes)


def _without_session_server(text: str) -> str:
    document = tomlkit.parse(text)
    if "session_server" not in document:
        return text
    del document["session_server"]
    return tomlkit.dumps(document)


def _nothing_known(release: Release) -> ConfigError:
    return ConfigError(
        f"{release.title}: no config.toml with runners was found in what its Deployment mounts",
        hint="save the one in its pod: `kubectl -n "
        f"{release.namespace} exec deploy/{release.deployment['metadata']['name']} -- sh -c "
        "'cat ~/.gitlab-runner/config.toml /etc/gitlab-runner/config.toml' > config.toml`, "
        "and give it by --config",
        reference="migrate-config",
    )


def _no_token(release: Release, found: Mapping[str, Token]) -> ConfigError:
    where = f"-n {release.namespace} exec deploy/{release.deployment['metadata']['name']}"
    absent = f" ({', '.join(release.missing)} is not there)" if release.missing else ""
    if not found.get(start.REGISTRATION):
        return ConfigError(
            f"{release.title} names no runner token{absent}",
            hint="it is the key `runner-token` of the Secret that `runners.secret` names; or give "
            "a whole config.toml by --config",
            reference="migrate-token",
        )
    if release.unregisters:
        return ConfigError(
            f"{release.title} registers itself with a registration token: its own token is only in "
            "its pod, and the pod takes the runner away from GitLab when it stops",
            hint="make a runner on GitLab's pages (its token begins with `glrt-`), then `podlane "
            "register` and `podlane deploy apply`; uninstall the old release when it has no jobs",
            reference="migrate-token",
        )
    return ConfigError(
        f"{release.title} registers itself with a registration token: its own token is only in its "
        "pod",
        hint=f"save what it runs with, `kubectl {where} -- cat "
        "/home/gitlab-runner/.gitlab-runner/config.toml > config.toml`, and add --config "
        "config.toml",
        reference="migrate-token",
    )
