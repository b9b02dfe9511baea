"""Waiting for other containers, whose images may be late."""

from __future__ import annotations

from helper.rig import Rig
from podlane.core.job.tell import Told
from podlane.core.plan.model import ServiceCheck


async def test_why_it_has_not_started_is_said_once(rig: Rig) -> None:
    await rig.start(with_loop=False)
    rig.tell(Told(waits="The registry did not answer"))
    await rig.until_trace("WARNING: The registry did not answer; it is tried again, for 10 s at")
    await rig.start_loop()
    assert await rig.end() == 0
    assert rig.job.state == "success", rig.trace
    assert rig.trace.count("The registry did not answer") == 1


async def test_the_same_of_a_service(rig: Rig) -> None:
    rig.change(services=(ServiceCheck("db", "postgres:16"),))
    await rig.start()
    rig.tell(Told(waits="The registry did not answer"))
    await rig.until_trace("WARNING: The registry did not answer; it is tried again")
    rig.service_started("db")
    assert await rig.end() == 0
    assert rig.job.state == "success", rig.trace
    assert rig.trace.count("The registry did not answer") == 1
