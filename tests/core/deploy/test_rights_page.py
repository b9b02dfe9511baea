"""The page of rights names each verb that a Role can hold, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from podlane.core.config.parse import parse
from podlane.core.deploy.rights import all_verbs, rights

PAGE = Path(__file__).parents[3] / "docs/reference/rights.md"
HEAD = '[[runners]]\nname = "{0}"\nurl = "https://g.test"\ntoken = "t-{0}"\n'
ROW = re.compile(r"^\| (?!resource)([a-z0-9/.]+) \| ([a-z, ]+) \|", re.MULTILINE)
TEXT = (
    HEAD.format("a")
    + '[runners.podlane]\nservice_logs = true\n[runners.kubernetes]\nnamespace = "ci"\n'
    + "pod_disruption_budget = true\n[[runners.kubernetes.autoscaler.policy]]\nidle_count = 1\n"
    + HEAD.format("b")
    + "[runners.kubernetes]\nnamespace_per_job = true\n"
)


def test_all_rows_are_rights_and_all_rights_have_a_row() -> None:
    found = rights(parse(TEXT, {})[0], "home", "secret")
    held = all_verbs([*found.namespaces.values(), found.everywhere])
    told = set()
    for resource, verbs in ROW.findall(PAGE.read_text()):
        name, _, group = resource.partition(".")
        told |= {(group, name, verb) for verb in verbs.split(", ")}
    assert told == held | {("", "secrets", "patch")}  # of the one Secret that has the tokens
