"""The job's Secret: its record, its registry credentials, its plan; and the further ones it needs.

A Secret holds 1 MiB, so a larger plan is cut over several (`<record>-plan-1`, …), which the
record owns once it exists. The record itself keeps room for the pod's manifest.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from podlane.core.job.payload import Job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import EnvVariable, JobPlan
from podlane.core.plan.services import Service
from podlane.core.text import token
from podlane.core.text.token import Token
from podlane.core.trace.masker import mask_text
from podlane.errors import JobRefused

Manifest = dict[str, Any]

PART_LIMIT = 800 * 1024
REST_LIMIT = 224 * 1024
PLAN_LIMIT = 3 * 1024 * 1024


def encode_plan(plan: JobPlan) -> bytes:
    """The plan as it is mounted: the same plan gives the same bytes. JobRefused when too large."""
    data = gzip.compress(token.encode_revealed(plan), compresslevel=6, mtime=0)
    if len(data) > PLAN_LIMIT:
        what, size = _largest(plan)
        raise JobRefused(
            f"The job's plan is too large for the cluster: {len(data) // 1024} KiB packed, "
            f"and {PLAN_LIMIT // 1024} KiB is the most; "
            f"the largest part is {what} with {size} bytes",
            hint="put large data into the repository, an artifact or an image",
            reference="plan-too-large",
        )
    return data


class _Masks(msgspec.Struct, frozen=True):
    masks: tuple[Token, ...] = ()
    mask_prefixes: tuple[str, ...] = ()


class _Masked(msgspec.Struct, frozen=True):
    """All that is read of a plan, of whatever version: what may not be said."""

    trace: _Masks = _Masks()


def mask_lines(packed: bytes, lines: Iterable[str]) -> tuple[str, ...]:
    """Mask sentences as the plan `packed` would have it. ValueError when it is no plan."""
    try:
        trace = token.decode(gzip.decompress(packed), _Masked).trace
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError) as error:
        raise ValueError("no plan") from error
    secrets = [secret.reveal() for secret in trace.masks]
    return tuple(mask_text(line, secrets, trace.mask_prefixes) for line in lines)


class _Exported(msgspec.Struct, frozen=True):
    """All that is read of a plan, of whatever version: the variables of the job."""

    variables: tuple[EnvVariable, ...] = ()


def variable(packed: bytes, key: str) -> Token:
    """The value of a variable in a packed plan. ValueError when it is no plan, KeyError when it has
    no such variable."""
    try:
        found = token.decode(gzip.decompress(packed), _Exported).variables
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError) as error:
        raise ValueError("no plan") from error
    return Token({item.key: item.value for item in found}[key].strip())


def parts(plan: JobPlan) -> tuple[bytes, ...]:
    data = encode_plan(plan)
    return tuple(data[start : start + PART_LIMIT] for start in range(0, len(data), PART_LIMIT))


def record(metadata: Manifest, data: Mapping[str, bytes]) -> Manifest:
    """The Secret that says "this job is ours"; also an imagePullSecret."""
    rest = sum(len(value) for key, value in data.items() if key != "plan.0")
    if rest > REST_LIMIT:
        raise JobRefused(
            f"The job's pod and registry credentials are too large: {rest // 1024} KiB, "
            f"and {REST_LIMIT // 1024} KiB is the most",
            hint="shorten the command of services, DOCKER_AUTH_CONFIG or the runner's annotations",
            reference="pod-too-large",
        )
    return secret(metadata, data, kind="kubernetes.io/dockerconfigjson")


def secret(metadata: Manifest, data: Mapping[str, bytes], *, kind: str = "Opaque") -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": kind,
        "immutable": True,
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }


def record_data(job: Job, context: RunnerContext, pod: Manifest) -> dict[str, bytes]:
    """What any version of podlane can read: who to speak to for the job, and its pod."""
    data = {
        "pod": msgspec.json.encode(pod),
        "url": context.runner.url.encode(),
        "id": str(job.id).encode(),
        "token": job.token.reveal().encode(),
        "failure_reasons": " ".join(job.features.failure_reasons).encode(),
    }
    if uploads := context.shelf.open_uploads():
        data["uploads"] = " ".join(url.reveal() for url in uploads).encode()
    return data


def env_data(values: Mapping[str, str], service: Service | None = None) -> dict[str, bytes]:
    """Environment as a Secret's data. JobRefused when one Secret cannot hold it."""
    data = {key: value.encode() for key, value in values.items()}
    if sum(map(len, data.values())) > PLAN_LIMIT // 3:
        key = max(data, key=lambda name: len(data[name]))
        whose = f"service {service.name}" if service else "the job's services"
        raise JobRefused(
            f"The variables of {whose} are too large for the cluster; "
            f"the largest is {key} with {len(data[key])} bytes",
            hint="make the variable private or shorter, or hand its value over as a file",
            reference="variables-too-large",
        )
    return data


def _largest(plan: JobPlan) -> tuple[str, int]:
    """Name the largest variable or script of the plan, and its size."""
    sizes = {f"the variable {item.key}": len(item.value.encode()) for item in plan.variables}
    scripts = [*plan.scripts, *([plan.after_script] if plan.after_script else ())]
    for script in scripts:
        sizes[f"the script of {script.section}"] = sum(len(c.encode()) for c in script.commands)
    sizes["everything else"] = len(
        token.encode_concealed(
            msgspec.structs.replace(plan, variables=(), scripts=(), after_script=None)
        )
    )
    return max(sizes.items(), key=lambda item: item[1])
