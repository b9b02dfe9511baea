"""What podlane tells GitLab that it can do is exactly what works: a scenario needs each feature.

The embedded coordinator, as GitLab does, fails a job whose runner has not announced what the job
needs (`features` of a scenario's job), so a scenario fails when its feature is taken away.
"""

from __future__ import annotations

from harness import scenario
from podlane.clients.gitlab.info import build_info


def needed() -> set[str]:
    """The features that some scenario which is played needs."""
    found = [scenario.load(scenario.file(name)) for name in scenario.every()]
    played = [one for one in found if not one.not_here]
    return {feature for one in played for job in one.jobs for feature in job.features}


def test_each_feature_is_needed_by_a_scenario() -> None:
    told = build_info("1", {})["features"]
    assert needed() == {name for name, is_true in told.items() if is_true}
