"""Every feature flag of gitlab-runner is in the table, with its default and one verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from podlane.core.config.flag_table import FLAGS, nearest
from podlane.core.job.payload import Variable
from podlane.core.plan.flags import DEFAULTS, resolve_flags

LISTED = Path(__file__).parents[1].joinpath("config/gitlab_runner_flags.txt").read_text()


def test_every_flag_and_its_default() -> None:
    listed = dict(line.split() for line in LISTED.splitlines())
    assert len(listed) == 51
    assert {name: str(entry.default).lower() for name, entry in FLAGS.items()} == listed


def test_default_then_job_then_config() -> None:
    asked = [Variable("FF_TIMESTAMPS", "false"), Variable("FF_OTHER", "1"), Variable("FF_X", "huh")]
    flags = resolve_flags(asked, {"FF_OTHER": False})
    assert flags.values == DEFAULTS | {"FF_TIMESTAMPS": False, "FF_OTHER": False}
    assert flags.bad == ("FF_X",)
    assert flags.changed() == {"FF_TIMESTAMPS": False}
    seen = {item.key: item.value for item in flags.variables()}
    assert seen == {"FF_OTHER": "false", "FF_TIMESTAMPS": "false"}


def test_a_job_is_told_what_it_has_switched_on_in_vain() -> None:
    asked = [Variable(f"FF_{name}", "true") for name in ("CONCRETE", "USE_FASTZIP", "TYPO")]
    asked.append(Variable("FF_USE_JOB_ROUTER", "false"))
    flags = resolve_flags(asked, {"FF_SUSPENDABLE_ENVIRONMENTS": True, "FF_OWN": True})
    assert [one.name for one in flags.refused()] == ["FF_CONCRETE"]
    assert flags.unknown() == ("FF_TYPO",)


@pytest.mark.parametrize(
    ("word", "flag"),
    [
        ("FF_TIMESTAMP", "FF_TIMESTAMPS"),
        ("ff_timestamps", "FF_TIMESTAMPS"),
        ("FF_PRINT_POD_EVENT", "FF_PRINT_POD_EVENTS"),
        ("nonsense", ""),
    ],
)
def test_the_nearest_flag(word: str, flag: str) -> None:
    assert nearest(word) == flag
