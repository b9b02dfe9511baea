"""Job inputs: typed values that GitLab sends along, put where the job says `${{ job.inputs.x }}`.

Without inputs nothing is touched, so scripts that use the signs for something else go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from podlane.core.job.payload import Artifact, Cache, Image, Job, JobInput, Step
from podlane.core.text.moa.template import interpolate
from podlane.core.text.moa.values import SECRET, MoaError, kind
from podlane.errors import JobRefused

T = TypeVar("T", bound=msgspec.Struct)
Put = Callable[[str, str], str]

SIZE_LIMIT = 16 * 1024 * 1024
_KINDS = {
    "string": "string",
    "number": "number",
    "boolean": "boolean",
    "array": "array",
    "struct": "object",
}
_FIELDS: dict[type[msgspec.Struct], tuple[str, ...]] = {
    Step: ("script",),
    Image: ("name", "alias", "entrypoint", "command", "pull_policy"),
    Artifact: ("name", "paths", "exclude", "when", "expire_in"),
    Cache: ("key", "policy", "paths", "when", "fallback_keys"),
}


def put_inputs(job: Job) -> Job:
    """The job with its inputs in their places. JobRefused names the place that cannot be."""
    if not job.inputs:
        return job
    context = {"job": {"inputs": _values(job.inputs)}}
    left = SIZE_LIMIT

    def put(text: str, place: str) -> str:
        nonlocal left
        try:
            made = interpolate(text, context)
        except MoaError as error:
            raise _refused(f"cannot be put into {place}: {error}") from None
        left -= len(made)
        if left < 0:
            raise _refused(f"cannot be put into {place}: the job grows beyond 16 MiB")
        return made

    return msgspec.structs.replace(
        job,
        steps=tuple(_filled(step, f"the step {step.name}", put) for step in job.steps),
        image=_image(job.image, "the image", put),
        services=tuple(
            _image(service, f"service {number}", put)
            for number, service in enumerate(job.services, 1)
        ),
        artifacts=tuple(_filled(one, "artifacts", put) for one in job.artifacts),
        cache=tuple(_filled(one, "cache", put) for one in job.cache),
    )


def _values(inputs: tuple[JobInput, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in inputs:
        value = one.value
        if not one.key or value.type not in _KINDS or kind(value.content) != _KINDS[value.type]:
            raise _refused(f"are not as announced: `{one.key[:60]}` is no {value.type[:60]!r}")
        found[one.key] = SECRET if value.sensitive else value.content
    return found


def _image(image: Image, place: str, put: Put) -> Image:
    options = image.executor_opts
    user = options.kubernetes.get("user")
    if isinstance(user, str):
        kubernetes = options.kubernetes | {"user": put(user, f"{place}'s user")}
        options = msgspec.structs.replace(options, kubernetes=kubernetes)
    return msgspec.structs.replace(_filled(image, place, put), executor_opts=options)


def _filled(part: T, place: str, put: Put) -> T:
    changes: dict[str, Any] = {}
    for field in _FIELDS[type(part)]:
        value = getattr(part, field)
        where = f"{place} ({field})"
        if isinstance(value, str):
            changes[field] = put(value, where)
        elif value is not None:
            changes[field] = tuple(put(item, where) for item in value)
    return msgspec.structs.replace(part, **changes)


def _refused(what: str) -> JobRefused:
    return JobRefused(
        f"The job's inputs {what}",
        hint="`${{ }}` holds an expression of GitLab's job inputs, such as "
        r"`${{ job.inputs.name }}`; write `\${{` where the signs stand for themselves",
        reference="job-inputs",
    )
