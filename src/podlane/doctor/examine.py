"""All looks, in order: what comes later needs what comes before."""

from __future__ import annotations

from collections.abc import AsyncIterator

from podlane.doctor.cache import cache
from podlane.doctor.cluster import cluster
from podlane.doctor.finding import Finding
from podlane.doctor.gitlab import gitlab
from podlane.doctor.patient import Patient


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """Each finding as soon as it is known, and none twice."""
    said: set[Finding] = set()
    for look in (gitlab, cluster, cache):
        async for one in look(patient):
            if one not in said:
                said.add(one)
                yield one
