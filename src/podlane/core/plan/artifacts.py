"""What the job uploads, and what it takes from other jobs."""

from __future__ import annotations

from podlane.core.job.payload import Job
from podlane.core.plan.cache import when
from podlane.core.plan.model import Download, Upload


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
