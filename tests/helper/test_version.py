"""A helper of another version of podlane than the manager's."""

from __future__ import annotations

import msgspec

from helper.rig import Rig
from podlane.core.job.word import OTHER_VERSION, parse_word
from podlane.core.plan.model import VERSION


async def test_a_plan_of_another_version_is_left_alone(rig: Rig) -> None:
    rig.plan = msgspec.structs.replace(rig.plan, version=VERSION + 1)
    await rig.start(with_loop=False)
    code = await rig.end()
    said = (rig.pod / "termination").read_text()
    assert code == OTHER_VERSION
    assert parse_word(said) is None
    assert said.endswith(f"reads plans of version {VERSION}, not {VERSION + 1}")
    assert len(said) < 256
    assert rig.trace == ""
