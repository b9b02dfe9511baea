"""What a job may ask for that podlane cannot do yet: refused at once, in plain words."""

from __future__ import annotations

from podlane.core.job.payload import Job
from podlane.errors import JobRefused


def refuse_unsupported(job: Job) -> None:
    if job.run.strip() not in ("", "null", "[]"):
        raise JobRefused(
            "The job has `run:` steps, which podlane does not carry out",
            hint="write the job with `script:`, or give it tags of a runner that knows steps",
            reference="run-steps",
        )
    if job.secrets:
        raise JobRefused(
            f"The job has `secrets:` ({', '.join(sorted(job.secrets)[:10])}), "
            "which podlane does not fetch yet",
            hint="hand the value over as a masked CI/CD variable, "
            "or give the job tags of a runner that fetches secrets",
            reference="secrets",
        )
