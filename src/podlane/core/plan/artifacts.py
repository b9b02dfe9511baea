"""What the job uploads, and what it takes from other jobs."""

from __future__ import annotations

from typing import Literal

from podlane.core.job.payload import Job
from podlane.core.plan import settings as steering
from podlane.core.plan.cache import when
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.git_urls import without_credentials
from podlane.core.plan.model import ArtifactSettings, Download, Provenance, Upload
from podlane.core.plan.resolve import Ground
from podlane.core.text.duration import parse_duration

_UPLOAD_SECONDS = 3600.0
_HEADER_SECONDS = 600.0


def uploads(job: Job) -> tuple[Upload, ...]:
    """One upload an entry, in GitLab's order; an entry that names nothing is left out."""
    return tuple(
        Upload(
            name=one.name or "artifacts",
            paths=one.paths,
            exclude=one.exclude,
            when=when(one.when),
            untracked=one.untracked,
            expire_in=one.expire_in,
            type=one.artifact_type or "archive",
            format=one.artifact_format or "zip",
        )
        for one in job.artifacts
        if one.paths or one.untracked
    )


def downloads(job: Job) -> tuple[Download, ...]:
    """The dependencies that have an archive, each with the token that came for it."""
    return tuple(
        Download(one.id, one.name, one.token or job.token, one.artifacts_file.filename)
        for one in job.dependencies
        if one.artifacts_file.filename
    )


def settings(job: Job, context: RunnerContext, ground: Ground) -> ArtifactSettings | None:
    """None when all is as it is by default."""
    reader, configured = ground.reader, context.runner.artifact
    flags = ground.flags.values
    made = ArtifactSettings(
        level=_level(steering.read(steering.ARTIFACT_COMPRESSION_LEVEL, reader)),
        meter=steering.read(steering.TRANSFER_METER_FREQUENCY, reader),
        upload_timeout=_seconds(configured.upload_timeout, _UPLOAD_SECONDS),
        header_timeout=_seconds(configured.response_header_timeout, _HEADER_SECONDS),
        attempts=steering.read(steering.ARTIFACT_DOWNLOAD_ATTEMPTS, reader),
        is_direct=flags.get("FF_USE_DIRECT_DOWNLOAD", True),
        in_parts=flags.get("FF_USE_PARALLEL_ARTIFACT_TRANSFER", False),
        provenance=_provenance(job, context, ground),
    )
    return None if made == ArtifactSettings() else made


def _provenance(job: Job, context: RunnerContext, ground: Ground) -> Provenance | None:
    if not steering.read(steering.RUNNER_GENERATE_ARTIFACTS_METADATA, ground.reader):
        return None
    repository = without_credentials(job.git_info.repo_url.reveal())
    return Provenance(
        builder=f"{repository}/-/runners/{context.runner.id}",
        repository=repository,
        sha=job.git_info.sha,
        entry_point=job.job_info.name,
        runner=context.runner.name,
        architecture=context.architecture,
        version=context.version,
        parameters=tuple(ground.variables.final()),
    )


def _level(word: str) -> Literal["fastest", "fast", "default", "slow", "slowest"]:
    match word:
        case "fastest" | "fast" | "slow" | "slowest":
            return word
        case _:
            return "default"


def _seconds(text: str, default: float) -> float:
    """A duration of the config; one that is none, or not above zero, was told at the start."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        return default
    return seconds if seconds > 0 else default
