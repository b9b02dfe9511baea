"""A pipeline run: the embedded GitLab and cluster and the real manager, started, used, ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from podlane import __version__
from podlane.errors import ConfigError
from podlane.local.cluster.cluster import Cluster
from podlane.local.coordinator.app import Coordinator
from podlane.local.folder import LocalFolder
from podlane.local.look import Wish, read_project, run_root
from podlane.local.pipeline import choose, snapshot
from podlane.local.pipeline.snapshot import Snapshot
from podlane.local.session import Order, Session
from podlane.local.settings import Ends, render_config
from podlane.local.show import Show
from podlane.manager.config_file import read_config
from podlane.manager.daemon import Manager, Signals
from podlane.manager.runners import Identity

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
        show.notes(pipeline.notes)
        show.expect([job.name for job in pipeline.jobs])
        with _own_log(folder.own_log):
            order = Order(pipeline, read.facts, folder)
            status = asyncio.run(_serve(order, read.taken, root, wish.concurrent, show))
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
        async with _manager(ends, concurrent or os.cpu_count() or 2):
            with _heard(session.cancel):
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


@asynccontextmanager
async def _manager(ends: Ends, concurrent: int) -> AsyncIterator[None]:
    """The real manager, as `podlane run` would serve it; an error in it ends the run."""
    file = ends.root / "config.toml"
    file.touch(mode=0o600)
    file.write_text(render_config(ends, concurrent), encoding="utf-8")
    config, _ = read_config(file, {})
    identity = Identity(
        version=__version__,
        system_id="s_local",
        installation="local",
        host_name=socket.gethostname(),
        helper_image="",
    )
    signals = Signals()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Manager(config, file, identity).serve(signals))
        try:
            yield
        finally:
            signals.stop.set()


@contextmanager
def _heard(cancel: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, TERM and a closed terminal press the cancel button."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, cancel)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
