"""How the job's log is made: its limit, its look, and what it must not show."""

from __future__ import annotations

from podlane.core.job.payload import Job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import TraceSettings
from podlane.core.plan.resolve import Ground
from podlane.core.plan.settings import CI_DEBUG_TRACE, read
from podlane.core.text.token import Token

DEFAULT_LIMIT_KIB = 4096
_PREFIXES = (
    "gloas-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "glrtr-",
    "glptt-",
    "glft-",
    "glimt-",
    "glagent-",
    "glsoat-",
    "glffct-",
    "_gitlab_session=",
    "gltok-",
)


def trace_settings(job: Job, context: RunnerContext, ground: Ground) -> TraceSettings:
    runner = context.runner
    return TraceSettings(
        limit_bytes=(runner.output_limit or DEFAULT_LIMIT_KIB) * 1024,
        masks=_masks(job, ground),
        mask_prefixes=_mask_prefixes(job, ground),
        with_timestamps=ground.flags["FF_TIMESTAMPS"],
        with_sections=job.features.trace_sections,
        is_debug=read(CI_DEBUG_TRACE, ground.reader) and not runner.debug_trace_disabled,
    )


def _masks(job: Job, ground: Ground) -> tuple[Token, ...]:
    """Masked variables, and every token that came with the job, masked or not."""
    tokens = [
        job.token,
        *(credential.password for credential in job.credentials),
        *(dependency.token for dependency in job.dependencies),
    ]
    values = [*ground.variables.masks(), *(token.reveal().strip() for token in tokens)]
    return tuple(Token(value) for value in dict.fromkeys(values) if value)


def _mask_prefixes(job: Job, ground: Ground) -> tuple[str, ...]:
    """All of them: gitlab-runner cuts the list at 15, podlane's masker has no need to."""
    known = _PREFIXES if ground.flags["FF_MASK_ALL_DEFAULT_TOKENS"] else ()
    prefixes = ("glpat-", *known, *job.features.token_mask_prefixes)
    return tuple(dict.fromkeys(prefix for prefix in prefixes if prefix))
