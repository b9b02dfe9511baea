"""Whose the working copy is, when helper and scripts are not the same user."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from helper.rig import Rig, rig
from helper.test_job import plain
from podlane.core.plan.model import EnvVariable

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv"
)


@pytest_asyncio.fixture(name="open_rig")
async def _open_rig() -> AsyncIterator[Rig]:
    """A rig below a folder that any user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="podlane-owner-"))
    folder.chmod(0o755)
    async with rig(folder) as made:
        yield made
    shutil.rmtree(folder)


async def test_a_root_helper_hands_the_working_copy_over(open_rig: Rig) -> None:
    outside = open_rig.root / "outside"
    outside.write_text("root's")
    (open_rig.root / "source" / "link").symlink_to(outside)
    open_rig.change(
        variables=(*open_rig.plan.variables, EnvVariable("KEY_FILE", "secret", is_file=True))
    )
    open_rig.script(
        "id -u; echo more >> hello.txt; rm sub/inner.txt; git status --short",
        'cat "$KEY_FILE"; echo a=b >> "$GITLAB_ENV"; mkdir ../beside; ls -ld "$KEY_FILE"',
        after=['echo "a is $a"'],
    )
    await open_rig.start(shell="setpriv --reuid 1234 --regid 1234 --clear-groups sh")
    await open_rig.end()
    shown = plain(open_rig.trace)
    assert open_rig.job.state == "success", shown
    assert "\n1234\n M hello.txt\n D sub/inner.txt\n" in shown
    assert "a is b\n" in shown
    assert outside.stat().st_uid == 0
