"""How the job's log is made: its limit, its look, and what it must not show."""

from __future__ import annotations

from collections.abc import Iterable

from podlane.core.job import variables
from podlane.core.job.payload import Job
from podlane.core.job.variables import Variables
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import SILENCE, TraceSettings
from podlane.core.plan.overwrites.bearer import bearer_token
from podlane.core.plan.resolve import Ground
from podlane.core.plan.settings import CI_DEBUG_TRACE, read
from podlane.core.text.spelling import spellings
from podlane.core.text.token import Token
from podlane.core.trace.masker import mask_text
from podlane.core.trace.runs import TOKEN_PREFIXES
from podlane.errors import JobRefused

DEFAULT_LIMIT_KIB = 4096
_LONG_SILENCE = 1800.0


def trace_settings(job: Job, context: RunnerContext, ground: Ground) -> TraceSettings:
    runner = context.runner
    is_dynamic = ground.flags["FF_USE_DYNAMIC_TRACE_FORCE_SEND_INTERVAL"]
    known = TOKEN_PREFIXES if ground.flags["FF_MASK_ALL_DEFAULT_TOKENS"] else TOKEN_PREFIXES[:1]
    return TraceSettings(
        limit_bytes=(runner.output_limit or DEFAULT_LIMIT_KIB) * 1024,
        masks=_masks(job, ground.variables, bearer_token(runner.kubernetes, ground.reader)),
        mask_prefixes=_prefixes(job, known),
        with_timestamps=ground.flags["FF_TIMESTAMPS"],
        with_sections=job.features.trace_sections,
        is_debug=read(CI_DEBUG_TRACE, ground.reader) and not runner.debug_trace_disabled,
        to_stdout=runner.podlane.log_to_stdout,
        silence=_LONG_SILENCE if is_dynamic else SILENCE,
    )


def mask_for(job: Job, lines: Iterable[str]) -> tuple[str, ...]:
    """Mask sentences on a job whose plan could not be made."""
    try:
        known = variables.resolve(job.variables, "")
    except JobRefused:
        known = Variables(job.variables)
    secrets = [secret.reveal() for secret in _masks(job, known, Token(""))]
    prefixes = _prefixes(job, TOKEN_PREFIXES)
    return tuple(mask_text(line, secrets, prefixes) for line in lines)


def _masks(job: Job, known: Variables, own: Token) -> tuple[Token, ...]:
    """Masked variables, and every token that came with the job, masked or not; as they are, and as
    a shell's xtrace, JSON and URLs write them."""
    tokens = [
        job.token,
        own,
        *(credential.password for credential in job.credentials),
        *(dependency.token for dependency in job.dependencies),
    ]
    inputs = (str(one.value.content).strip() for one in job.inputs if one.value.sensitive)
    values = [*known.masks(), *(token.reveal().strip() for token in tokens), *inputs]
    written = (spelling for value in values if value for spelling in spellings(value))
    return tuple(Token(value) for value in dict.fromkeys(written))


def _prefixes(job: Job, known: tuple[str, ...]) -> tuple[str, ...]:
    """All of them: gitlab-runner cuts the list at 15, podlane's masker has no need to."""
    prefixes = (*known, *job.features.token_mask_prefixes)
    return tuple(dict.fromkeys(prefix for prefix in prefixes if prefix))
