"""A statement of how an archive was made: in-toto's form, SLSA's provenance, one digest a file."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from podlane.core.plan.model import Provenance

_STATEMENT = "https://in-toto.io/Statement/v0.1"
_PREDICATE = "https://slsa.dev/provenance/v1"
# the parameters mean what gitlab-runner's page says of its own, so its word is used
_BUILD_TYPE = "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/main/PROVENANCE.md"


def statement(
    facts: Provenance, job_id: int, digests: Iterable[tuple[str, str]], seconds: tuple[float, float]
) -> bytes:
    """`seconds`: when the job began and when this was made."""
    started, finished = (_moment(one) for one in seconds)
    predicate: dict[str, Any] = {
        "buildDefinition": {
            "buildType": _BUILD_TYPE,
            "externalParameters": {
                **dict.fromkeys(facts.parameters, ""),
                "entryPoint": facts.entry_point,
                "source": facts.repository,
            },
            "internalParameters": {
                "architecture": facts.architecture,
                "executor": "kubernetes",
                "job": str(job_id),
                "name": facts.runner,
            },
            "resolvedDependencies": [{"uri": facts.repository, "digest": {"sha256": facts.sha}}],
        },
        "runDetails": {
            "builder": {"id": facts.builder, "version": {"podlane": facts.version}},
            "metadata": {
                "invocationID": str(job_id),
                "startedOn": started,
                "finishedOn": finished,
            },
        },
    }
    whole = {
        "_type": _STATEMENT,
        "predicateType": _PREDICATE,
        "subject": [{"name": name, "digest": {"sha256": made}} for name, made in digests],
        "predicate": predicate,
    }
    return json.dumps(whole, indent=1).encode()


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
