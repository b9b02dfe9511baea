"""What the golden results say of a table of patches, kubectl says as well."""

from __future__ import annotations

from harness import kubectl_patch
from harness.cluster import kubectl_program


def test_the_results_are_those_of_kubectl() -> None:
    assert kubectl_patch.answers(kubectl_program()) == kubectl_patch.results()
