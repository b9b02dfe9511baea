"""Fixtures of the real cluster's suite: a namespace per test, a scene with GitLab and a manager."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from harness import cluster, gitlab, manager, play
from harness.cluster import BRIDGE, RealCluster
from harness.gitlab import Gitlab
from harness.play import Open, Play
from harness.scenario import RunnerSpec


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.timeout(240))


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = gitlab.make_repository(tmp_path_factory.mktemp("git") / "demo")
    return gitlab.add_submodules(made)


@pytest.fixture
async def stage(tmp_path: Path, repository: Path) -> AsyncIterator[RealCluster]:
    if "KUBECONFIG" not in os.environ:
        pytest.fail("KUBECONFIG is not set: run `make cluster`")
    name = f"suite-{secrets.token_hex(4)}"
    async with cluster.namespace(name, tmp_path, repository) as found:
        yield found


@pytest.fixture
async def served(tmp_path: Path, repository: Path) -> AsyncIterator[Gitlab]:
    """GitLab alone, where pods reach it."""
    async with gitlab.serve(tmp_path / "gitlab", repository, BRIDGE) as found:
        yield found


@pytest.fixture
async def new_namespace() -> AsyncIterator[str]:
    """A name for a namespace that nobody has made yet; gone afterwards."""
    name = f"deploy-{secrets.token_hex(4)}"
    yield name
    await cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.fixture
def scene(stage: RealCluster) -> Open:
    """`async with scene(config, runners) as play:` GitLab and a running manager."""

    @asynccontextmanager
    async def opened(
        config: dict[str, Any] | None = None, runners: tuple[RunnerSpec, ...] = (RunnerSpec(),)
    ) -> AsyncIterator[Play]:
        folder = stage.folder
        async with gitlab.serve(folder / "gitlab", stage.repository, stage.host) as served:
            whole = play.config_for(stage, served, config, runners)
            async with manager.running(folder / "manager", whole, stage.environ()) as started:
                found = Play(stage, served, started)
                try:
                    yield found
                except BaseException as error:
                    error.add_note(await found.tell())
                    raise

    return opened
