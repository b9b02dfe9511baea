"""The part of a pipeline that the user names: jobs, and what they need."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import msgspec

from podlane.errors import ConfigError
from podlane.local.pipeline.decide import artifact_sources
from podlane.local.pipeline.model import Job, Pipeline


def choose_jobs(pipeline: Pipeline, names: Sequence[str], *, with_needs: bool) -> Pipeline:
    """Keep the named jobs and, `with_needs`, those they need or take artifacts from.

    The name of a parallel job means all its instances; a manual job that is named runs.
    """
    wanted = {job.name for name in names for job in _named(pipeline, name)}
    if with_needs:
        wanted |= _needed(pipeline, wanted)
    jobs = [_runnable(job, wanted) for job in pipeline.jobs if job.name in wanted]
    return msgspec.structs.replace(pipeline, jobs=tuple(jobs))


def _named(pipeline: Pipeline, name: str) -> list[Job]:
    def is_it(job: Job) -> bool:
        return name in (job.name, job.spec.base_name)

    found = [job for job in pipeline.jobs if is_it(job)]
    if found:
        return found
    absent = next((job for job in pipeline.absent if is_it(job)), None)
    if absent is not None:
        raise ConfigError(
            f"`{name}` is not in this pipeline: {absent.why} ({absent.place})",
            hint="--source and --variable change what the rules see; --list shows all jobs",
            reference="local-job-absent",
        )
    known = {job.name for job in pipeline.jobs} | {job.spec.base_name for job in pipeline.jobs}
    near = difflib.get_close_matches(name, sorted(filter(None, known)), 1)
    raise ConfigError(
        f"there is no job `{name}`" + (f"; did you mean `{near[0]}`?" if near else ""),
        hint="--list shows all jobs",
        reference="local-job-unknown",
    )


def _needed(pipeline: Pipeline, wanted: Iterable[str]) -> set[str]:
    jobs = {job.name: job for job in pipeline.jobs}
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        job = jobs[waiting.pop()]
        needs = {need.job for need in job.needs or ()}
        sources = {name for name in artifact_sources(job, pipeline) if jobs[name].spec.artifacts}
        for name in (needs | sources) - found:
            found.add(name)
            waiting.append(name)
    return found


def _runnable(job: Job, wanted: set[str]) -> Job:
    needs = job.needs
    if needs is not None:
        needs = tuple(need for need in needs if need.job in wanted)
    when = "on_success" if job.when in ("manual", "on_failure", "delayed") else job.when
    return msgspec.structs.replace(job, needs=needs, when=when)
