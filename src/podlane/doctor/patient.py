"""Who is examined: the runners of one config.toml, and the manager they belong to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from podlane.core.config.model import RunnerConfig
from podlane.core.pod.manifests import Manifests
from podlane.doctor.finding import without_credentials


class Account(msgspec.Struct, frozen=True):
    """The manager's own: a service account in the cluster. `is_ours`: we run as it. `seats`: the
    Leases of several managers."""

    namespace: str
    name: str
    is_ours: bool = False
    seats: tuple[str, ...] = ()

    @property
    def user(self) -> str:
        return f"system:serviceaccount:{self.namespace}:{self.name}"


class Patient(msgspec.Struct, frozen=True):
    """`folder`: where certificates lie beside the config. `rehearse`: the objects of a plain job
    (JobRefused when the runner takes none). `account`: None: a manager that is no deployment.
    """

    runners: tuple[RunnerConfig, ...]
    folder: Path
    environ: Mapping[str, str]
    system_id: str
    rehearse: Callable[[RunnerConfig], Manifests]
    account: Account | None = None
    namespace: str = ""  # of jobs whose runner names none; empty: the manager's, or `default`
    context: str = ""  # of the kubeconfig
    has_trial: bool = False
    now: Callable[[], float] = time.time

    @property
    def is_deployment(self) -> bool:
        return self.account is not None

    @property
    def upgrade(self) -> str:
        """The command that makes a deployment's objects anew, as its config wants them."""
        own = self.account
        return (
            f"podlane deploy upgrade --namespace {own.namespace} --name {own.name}" if own else ""
        )

    def whose(self, runner: RunnerConfig) -> str:
        """Name the runner, where there are several."""
        return (
            f"{runner.name or without_credentials(runner.url)}: " if len(self.runners) > 1 else ""
        )
