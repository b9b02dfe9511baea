"""What a job may ask for that podlane cannot do yet: refused at once, in plain words."""

from __future__ import annotations

from podlane.core.job.payload import Image, Job
from podlane.errors import JobRefused

_OPTIONS = {"docker": ("platform", "user"), "kubernetes": ("user",)}


def refuse_unsupported(job: Job) -> None:
    _refuse_options(job.image, "image")
    for service in job.services:
        _refuse_options(service, "service")
    if job.run.strip() not in ("", "null", "[]"):
        raise JobRefused(
            "The job has `run:` steps, which podlane does not carry out",
            hint="write the job with `script:`, or give it tags of a runner that knows steps",
            reference="run-steps",
        )
    if job.suspend_options.runtime_environment_key:
        raise JobRefused(
            "The job goes on in an environment that was suspended, and podlane keeps none",
            hint="give it tags of the runner that keeps the environment",
            reference="suspended-environment",
        )


def _refuse_options(asked: Image, what: str) -> None:
    """An option that nobody knows would be a promise that nobody keeps."""
    for executor, known in _OPTIONS.items():
        options = getattr(asked.executor_opts, executor)
        unknown = sorted(str(name)[:60] for name in options if name not in known)
        if unknown:
            raise JobRefused(
                f"Unsupported {what} options for {executor}: {', '.join(unknown[:10])} "
                f"({what} {asked.name[:100]!r}); there are {', '.join(known)}",
                hint=f"remove them from `{what}:{executor}` of the job",
                reference="executor-options",
                failure_reason="runner_system_failure",
                exit_code=3,
            )
