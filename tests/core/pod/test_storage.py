"""Which key raises the limit for which a pod was evicted."""

from __future__ import annotations

import pytest

from core.pod.states import DECIDED, ended, pod, spoken, verdict
from podlane.core.pod.storage import hint

LIMIT = 'Container {} exceeded its local ephemeral storage limit "1Gi". '
ALL = "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. "
LOW = "The node was low on resource: {}. Threshold quantity: 100Mi, available: 3Mi. "


@pytest.mark.parametrize(
    ("message", "first", "second"),
    [
        ('Usage of EmptyDir volume "v" exceeds the limit "5Mi". ', "5Mi into the volume v", "size"),
        (LIMIT.format("build"), "`ephemeral_storage_limit`", "KUBERNETES_EPHEMERAL_STORAGE_LIMIT"),
        (LIMIT.format("helper"), "`helper_ephemeral_storage_limit`", "KUBERNETES_HELPER_EPHEM"),
        (LIMIT.format("svc-0"), "`service_ephemeral_storage_limit`", "KUBERNETES_SERVICE_EPHEM"),
        (ALL, "more than 10Mi to", "`ephemeral_storage_limit`"),
        (LOW.format("memory"), "`memory_request`", "retry: when"),
        (LOW.format("ephemeral-storage"), "`ephemeral_storage_request`", "retry: when"),
        ("", "`retry: when: runner_system_failure`", ""),
    ],
)
def test_the_hint_names_the_key(message: str, first: str, second: str) -> None:
    said = hint(message)
    assert first in said
    assert second in said


SYSTEM = DECIDED.replace("script_failure", "runner_system_failure")


@pytest.mark.parametrize(("word", "is_told"), [(SYSTEM, True), (DECIDED, False)])
def test_a_helper_that_was_told_to_end_cannot_know_why(word: str, *, is_told: bool) -> None:
    evicted = {"phase": "Failed", "reason": "Evicted", "message": ALL}
    reason, _, said = spoken(verdict(pod(ended(message=word), ended(137), status=evicted)))
    assert ("raise `ephemeral_storage_limit`" in said) is is_told
    assert reason in word
