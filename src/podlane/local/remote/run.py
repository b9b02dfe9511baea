"""One pipeline on the user's own cluster: coordinator and jobs are pods there, the manager is here.

The project goes in as a git repository, traces and artifacts come out by way of the API server.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tarfile
from contextlib import AsyncExitStack
from pathlib import Path

from podlane.errors import PodlaneError
from podlane.local import serving
from podlane.local.look import Wish
from podlane.local.pipeline.snapshot import Snapshot
from podlane.local.remote.gitlab import RemoteGitLab
from podlane.local.remote.place import choose_seat, open_api, seated, until_cleared
from podlane.local.remote.pod import PORT
from podlane.local.remote.relay import Relay
from podlane.local.session import Order, Session
from podlane.local.settings import RemoteEnds, render_remote_config
from podlane.local.show import Show

_CONCURRENT = 10


async def serve_remote(wish: Wish, order: Order, taken: Snapshot, root: Path, show: Show) -> str:
    """Run the pipeline and return its status."""
    api, seat = open_api(wish), choose_seat(wish)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(api.close)
        show.say(f"starting the coordinator: pod {seat.name} in namespace {seat.namespace}")
        address = await stack.enter_async_context(seated(api, seat))
        relay = await stack.enter_async_context(Relay(api, seat))
        folder = root / "artifacts"
        folder.mkdir()
        gitlab = await stack.enter_async_context(
            RemoteGitLab(relay.url, f"http://{address}:{PORT}", seat.control, folder)
        )
        await gitlab.until_ready()
        archive = await asyncio.to_thread(pack, taken, root / "project.tar.gz")
        await gitlab.put_project(order.facts.project_path, archive)
        ends = RemoteEnds(
            gitlab_url=relay.url,
            pods_url=gitlab.url,
            runner_token=await gitlab.add_runner("podlane local"),
            context=wish.context,
            namespace=seat.namespace,
            image=wish.image,
            own_image=wish.own_image,
        )
        config = render_remote_config(ends, wish.concurrent or _CONCURRENT)
        session = Session(order, gitlab, show)
        async with asyncio.TaskGroup() as tasks:
            speaker = tasks.create_task(gitlab.serve())
            async with serving.manager(root, config, seat.name):
                with serving.heard(session.cancel):
                    status = await session.run()
                await until_cleared(api, seat)
            speaker.cancel()
    return status


def pack(taken: Snapshot, target: Path) -> Path:
    """The snapshot's repository, made whole: until now it borrows the user's objects."""
    done = subprocess.run(
        ["git", "-C", str(taken.bare), "repack", "-a", "-d", "-q"],
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise PodlaneError(
            f"the project cannot be packed: {done.stderr.decode(errors='replace')[-200:].strip()}",
            reference="local-context",
        )
    (taken.bare / "objects" / "info" / "alternates").unlink(missing_ok=True)
    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        archive.add(taken.bare, arcname=".")
    return target
