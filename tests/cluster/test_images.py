"""Registry credentials that the manager itself has."""

from __future__ import annotations

import json

from harness.play import Open
from harness.registry import registry
from harness.scenario import JobSpec


async def test_the_manager_s_docker_config_is_read_anew_for_each_job(scene: Open) -> None:
    async with registry() as found, scene() as play:
        specs = [
            JobSpec(image=f"{found.address}/ci/busybox:{n}", script=("echo it-runs",))
            for n in (1, 2)
        ]
        finished = play.gitlab.coordinator.wait_finished
        before = play.gitlab.enqueue(specs[0])
        await finished(before.id, 30)
        assert before.failure_reason == "runner_configuration_error", before.trace.decode()
        assert f"There were no credentials for {found.address}." in before.trace.decode()

        file = play.manager.folder / ".docker" / "config.json"
        file.parent.mkdir()
        login = {"username": "ci", "password": "secret"}
        file.write_text(json.dumps({"auths": {found.address: login}, "credsStore": "desktop"}))
        after = play.gitlab.enqueue(specs[1])
        await finished(after.id, 30)
        shown = after.trace.decode()
        assert after.state == "success", shown
        assert "the manager's ~/.docker/config.json leaves registries to credential" in shown
