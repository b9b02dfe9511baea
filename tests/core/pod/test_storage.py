"""Which key raises the limit for which a pod was evicted."""

from __future__ import annotations

import pytest

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
