"""The maps are true: every path that AGENTS.md and the path of a job name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAPS = ("AGENTS.md", "docs/path-of-a-job.md")
ROOMS = ("src/", "tests/", "docs/", "news", ".importlinter", ".ci/")


def _paths(name: str) -> list[str]:
    quoted = re.findall(r"`([^`\s]+)`", (ROOT / name).read_text())
    plain = re.findall(r"\bdocs/[\w./-]+\.md\b", (ROOT / name).read_text())
    return sorted({path for path in [*quoted, *plain] if path.startswith(ROOMS)})


@pytest.mark.parametrize("name", MAPS)
def test_every_path_named_exists(name: str) -> None:
    paths = _paths(name)
    assert paths
    assert not [path for path in paths if not (ROOT / path).exists()]


def test_agents_page_is_one_page() -> None:
    assert (ROOT / "AGENTS.md").read_text().count("\n") <= 70


def test_decisions_have_their_headings() -> None:
    for page in (ROOT / "docs/decisions").glob("*.md"):
        text = page.read_text()
        assert all(word in text for word in ("**Context.**", "**Decision.**", "**Consequences.**"))
