"""What the config gives, and what a job may change by `KUBERNETES_…` variables.

An amount changes only where the runner's `<key>_overwrite_max_allowed` is set, and only up to it; a
name or an entry of a map where the pattern `<key>_overwrite_allowed` matches it. This folder is
the one reader of these keys and variables, and `applied` the one place where they take effect.
"""

from __future__ import annotations

import msgspec

from podlane.core.job.payload import Job
from podlane.core.job.variables import Reader
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Note
from podlane.core.plan.overwrites import gate, maps, namespace
from podlane.core.plan.overwrites.amounts import RESOURCES, Amount, amounts, overwritten
from podlane.core.plan.overwrites.bearer import VARIABLE as BEARER_TOKEN
from podlane.core.plan.overwrites.bearer import bearer_token
from podlane.core.plan.overwrites.gate import variable_of
from podlane.core.plan.resolve import Ground

__all__ = [
    "BEARER_TOKEN",
    "RESOURCES",
    "Amount",
    "amounts",
    "applied",
    "bearer_token",
    "notes",
    "variable_of",
]


def applied(job: Job, context: RunnerContext, reader: Reader) -> RunnerContext:
    """The settings with what the job puts in their place. JobRefused for what is not allowed."""
    given = context.runner.kubernetes
    kubernetes = msgspec.structs.replace(
        maps.applied(given, reader),
        service_account=gate.name("service_account", given, reader) or given.service_account,
        namespace=namespace.namespace_of(job.id, given, reader),
    )
    runner = msgspec.structs.replace(context.runner, kubernetes=kubernetes)
    return msgspec.structs.replace(context, runner=runner)


def notes(context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    """A line for each that is taken."""
    kubernetes, reader = context.runner.kubernetes, ground.reader
    taken = {
        "namespace": namespace.asked(kubernetes, reader),
        "service_account": gate.name("service_account", kubernetes, reader),
        "bearer_token": str(bearer_token(kubernetes, reader) or ""),
    }
    pairs = [(key, text) for key, text in taken.items() if text]
    pairs += [(amount.key, amount.text) for amount in overwritten(context, reader)]
    return (
        *(Note(f'"{key}" overwritten with "{text}"') for key, text in pairs),
        *maps.notes(kubernetes, reader),
    )
