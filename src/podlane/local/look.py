"""A project as `podlane local` sees it: its files as a commit, its pipeline as its rules say."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from podlane.errors import ConfigError
from podlane.local.pipeline import decide, load, project, rules, snapshot
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.model import Pipeline
from podlane.local.pipeline.predefined import of_pipeline
from podlane.local.pipeline.project import Ask
from podlane.local.pipeline.snapshot import Snapshot, Source
from podlane.local.show import Show


class Wish(msgspec.Struct, frozen=True):
    """The command line of `podlane local`.

    `context`: of the kubeconfig, "" to run by processes of this machine. `image` is for jobs that
    name none, `own_image` podlane's own; both count on a cluster only.
    """

    start: Path
    file: str = ".gitlab-ci.yml"
    jobs: tuple[str, ...] = ()
    with_needs: bool = True
    source: str = "push"
    base: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    concurrent: int = 0  # 0: one job for each processor
    context: str = ""
    namespace: str = ""
    image: str = ""
    own_image: str = ""


class Read(msgspec.Struct, frozen=True):
    """What was read of the project."""

    taken: Snapshot
    facts: Facts
    pipeline: Pipeline
    notes: tuple[str, ...]


def show_list(wish: Wish, show: Show) -> int:
    """Print every job with the rule that decided. Nothing runs."""
    with run_root() as root:
        source = snapshot.find_source(wish.start, wish.file)
        read = read_project(wish, source, root, 1)
        for note in read.notes:
            show.say(note)
        if read.facts.changed is not None:
            show.say(
                f"`changes` sees {len(read.facts.changed)} files, since {read.facts.changed_since}"
            )
        show.listing(read.pipeline)
        show.notes(read.pipeline.notes)
    return 0


def read_project(wish: Wish, source: Source, root: Path, number: int) -> Read:
    """Read and decide; `number` is the pipeline's. A ConfigError tells all that is wrong."""
    file = source.folder / source.file
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            f"cannot read {file}: {why}",
            hint="go to a project that has one, or name it with --file",
            reference="local-file",
        ) from error
    taken = snapshot.take(source, root / "project.git")
    ask = Ask(
        source=wish.source,
        base=wish.base,
        variables=wish.variables,
        config_path=source.file,
        pipeline_id=number,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    facts, notes = project.find_facts(source, taken, ask)
    snapshot.set_refs(taken, project.refs_of(facts))

    def read_file(path: str) -> str | None:
        with suppress(OSError, UnicodeDecodeError):
            return (source.folder / path).read_text(encoding="utf-8")
        return None

    known = {**of_pipeline(facts), **dict(facts.variables)}
    config = load.load_config(text, read_file, facts, known)
    written = [*(config.workflow.rules or ()), *(r for job in config.jobs for r in job.rules or ())]
    compared = project.compare(source, taken, rules.compared_refs(written))
    facts = msgspec.structs.replace(facts, compared=compared)
    return Read(taken, facts, decide.make_pipeline(config, facts), notes)


@contextmanager
def run_root() -> Iterator[Path]:
    """The run's own folder; nothing of it stays."""
    root = Path(tempfile.mkdtemp(prefix="podlane-")).resolve()
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)
