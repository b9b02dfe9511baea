"""A pipeline run: the embedded GitLab and cluster and the real manager, started, used, ended."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from podlane.errors import ConfigError
from podlane.local import serving
from podlane.local.cluster.cluster import Cluster
from podlane.local.coordinator.app import Coordinator
from podlane.local.folder import LocalFolder
from podlane.local.look import Wish, read_project, run_root
from podlane.local.pipeline import choose, snapshot
from podlane.local.pipeline.model import Note
from podlane.local.pipeline.snapshot import Snapshot
from podlane.local.session import Order, Session
from podlane.local.settings import Ends, render_config
from podlane.local.show import Show

FAILED, INTERRUPTED = 1, 130


def run_local(wish: Wish, show: Show) -> int:
    """Run the pipeline and return the exit code."""
    with run_root() as root:
        source = snapshot.find_source(wish.start, wish.file)
        folder = LocalFolder(source.folder)
        read = read_project(wish, source, root, folder.count() + 1)
        if read.pipeline.why_none:
            raise ConfigError(
                f"no pipeline: {read.pipeline.why_none}",
                hint="`podlane local --list` shows each job and the rule that decided",
                reference="local-no-pipeline",
            )
        pipeline = read.pipeline
        if wish.jobs:
            pipeline = choose.choose_jobs(pipeline, wish.jobs, with_needs=wish.with_needs)
        folder.prepare(read.facts.pipeline_id)
        for note in read.notes:
            show.say(note)
        show.notes(tuple(note for note in pipeline.notes if is_true_here(note, wish)))
        show.expect([job.name for job in pipeline.jobs])
        with _own_log(folder.own_log):
            order = Order(pipeline, read.facts, folder, has_images=bool(wish.context))
            status = asyncio.run(_serve_where(wish, order, read.taken, root, show))
    show.say(f"logs: {_near(folder.logs)}/   artifacts: {_near(folder.artifacts)}/")
    return {"failed": FAILED, "canceled": INTERRUPTED}.get(status, 0)


def _near(path: Path) -> str:
    """The path as seen from here, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@contextmanager
def _own_log(file: Path) -> Iterator[None]:
    """The manager's log goes to a file: the screen is the jobs'."""
    handler = logging.FileHandler(file, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s %(fields)s",
                                           defaults={"fields": ""}))  # fmt: skip
    logger = logging.getLogger()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        handler.close()


def is_true_here(note: Note, wish: Wish) -> bool:
    """On a cluster, images and services are what they say."""
    return not (wish.context and note.keyword in ("image", "services"))


async def _serve_where(wish: Wish, order: Order, taken: Snapshot, root: Path, show: Show) -> str:
    if not wish.context:
        return await _serve(order, taken, root, wish.concurrent, show)
    from podlane.local.remote.run import serve_remote

    return await serve_remote(wish, order, taken, root, show)


async def _serve(order: Order, taken: Snapshot, root: Path, concurrent: int, show: Show) -> str:
    async with _coordinator(root, order, taken) as coordinator, _cluster(root, order) as cluster:
        runner = coordinator.register_runner(description="podlane local")
        ends = Ends(
            root=root,
            cache=order.folder.cache,
            gitlab_url=coordinator.url,
            runner_token=runner.token,
            cluster_url=cluster.url,
            cluster_token=cluster.token,
        )
        session = Session(order, coordinator, show)
        async with serving.manager(root, render_config(ends, concurrent or os.cpu_count() or 2)):
            with serving.heard(session.cancel):
                return await session.run()


@asynccontextmanager
async def _coordinator(root: Path, order: Order, taken: Snapshot) -> AsyncIterator[Coordinator]:
    coordinator = Coordinator(root / "gitlab")
    coordinator.queue.long_poll = 30
    coordinator.queue.hands_out_late = True
    coordinator.calls.interval = 1
    await coordinator.start()
    try:
        target = coordinator.git.root / f"{order.facts.project_path}.git"
        target.parent.mkdir(parents=True, exist_ok=True)
        taken.bare.rename(target)
        yield coordinator
    finally:
        await coordinator.stop()


@asynccontextmanager
async def _cluster(root: Path, order: Order) -> AsyncIterator[Cluster]:
    cluster = Cluster(root / "cluster", allowed=(root, order.folder.cache))
    await cluster.start()
    try:
        yield cluster
    finally:
        await cluster.stop()
