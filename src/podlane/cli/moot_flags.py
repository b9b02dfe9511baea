"""gitlab-runner's flags for what has no effect here: taken, so that scripts go on, and said.

Which they are follows from `core/config/official.py`, as in config.toml.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click
import msgspec

from podlane.core.config.official import keys_of, tables

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])
_CLOSED = "runners.kubernetes.init_permissions_container_security_context"
_ENVIRONMENT = {
    "step_runner_image": "STEP_RUNNER_IMAGE",
    "job_status_final_update_retry_limit": "RUNNER_job_status_final_update_retry_limit",
}


class Moot(msgspec.Struct, frozen=True):
    option: str
    environment: str
    why: str

    @property
    def parameter(self) -> str:
        return f"moot_{self.option.strip('-').replace('-', '_').lower()}"


def _moot() -> Iterator[Moot]:
    for table, stem in (("runners", "RUNNER_"), ("runners.kubernetes", "KUBERNETES_")):
        for key, official in keys_of(table).items():
            if official.verdict and f"{table}.{key}" not in tables():
                variable = _ENVIRONMENT.get(key, stem + key.upper())
                yield Moot(_option(f"{table}.{key}"), variable, official.instead)
    why = keys_of("runners.kubernetes")[_CLOSED.rpartition(".")[2]].instead
    for table in tables():
        if f"{table}.".startswith(f"{_CLOSED}."):
            for key in keys_of(table):
                path = f"{table}.{key}"
                if path not in tables():
                    name = path.removeprefix("runners.").replace(".", "_").upper()
                    yield Moot(_option(path), name, why)


def _option(path: str) -> str:
    return "--" + path.removeprefix("runners.").replace(".", "-").replace("_", "-")


MOOT = tuple(_moot())


def moot_options(command: F) -> F:
    for one in MOOT:
        command = click.option(
            one.option,
            one.parameter,
            envvar=one.environment,
            is_flag=False,
            flag_value="true",
            default=None,
            hidden=True,
        )(command)
    return command


def say_moot(options: dict[str, Any]) -> None:
    for one in MOOT:
        if options.get(one.parameter) is not None:
            log.warning("%s has no effect: %s", one.option, one.why)
