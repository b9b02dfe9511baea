"""A stage for whole programs: the embedded cluster, and a scene with GitLab and a manager on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harness import embedded, gitlab
from harness.embedded import EmbeddedCluster


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = gitlab.make_repository(tmp_path_factory.mktemp("git") / "demo")
    return gitlab.add_submodules(made)


@pytest.fixture
async def stage(tmp_path: Path, repository: Path) -> AsyncIterator[EmbeddedCluster]:
    async with embedded.serve(tmp_path, repository) as found:
        yield found
