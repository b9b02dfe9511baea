"""Every order of events keeps the invariants; without one of the rules it does not."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from msgspec.structs import replace

from exploration.rules import Rules
from exploration.search import Setting, explore
from podlane.core.pod import verdict
from podlane.core.pod.verdict import Entry, Patience, Verdict
from podlane.core.trace import handover
from podlane.core.trace.handover import Missing
from podlane.core.trace.reply import Reply

SETTINGS = [
    Setting(crashes=1, losses=1, managers=1),
    Setting(crashes=1, losses=0, managers=2),
    Setting(crashes=0, losses=1, managers=2),
    Setting(crashes=2, losses=2, managers=1, has_choice=True),
    Setting(crashes=1, losses=1, managers=1, hand_outs=2),
    Setting(crashes=0, losses=0, managers=2, is_refused=True),
    Setting(crashes=0, losses=0, managers=2, cancels=True),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_no_order_of_events_breaks_an_invariant(setting: Setting) -> None:
    found = explore(setting)
    print(f"{setting}: {found.states} states in {found.seconds:.1f} s")
    assert not found.fault, "\n".join((found.fault, *found.way))
    assert found.states > 40


def _silence_is_empty(size: Reply, ours: Collection[int], *, has_left: bool = False) -> Missing:
    found = handover.of_missing_pod(size, ours, has_left=has_left)
    return Missing.MAKE if found is Missing.UNKNOWN else found


def _all_is_empty(size: Reply, ours: Collection[int], *, has_left: bool = False) -> Missing:
    return handover.of_missing_pod(size, ours, has_left=True)


def _without_decided(entry: Entry, now: float, patience: Patience) -> Verdict:
    """`judge` for which a helper that has decided has said nothing."""
    pod = entry.pod
    if pod is not None and pod.word is not None and pod.word.state == "decided":
        entry = replace(entry, pod=replace(pod, word=None))
    return verdict.judge(entry, now, patience)


CRASH = Setting(crashes=1, losses=0, managers=1)
CHOICE = Setting(crashes=1, losses=0, managers=1, has_choice=True)
CANCEL = Setting(crashes=0, losses=0, managers=1, cancels=True)
TWO = Setting(crashes=1, losses=0, managers=2)
BOTH = Setting(crashes=2, losses=1, managers=1)
AGAIN = Setting(crashes=1, losses=1, managers=1, hand_outs=2)
MUTANTS: list[tuple[str, dict[str, Any], Setting]] = [
    ("a missing pod is made whatever GitLab holds", {"of_missing_pod": _all_is_empty}, BOTH),
    ("GitLab's silence is taken for empty", {"of_missing_pod": _silence_is_empty}, BOTH),
    ("a script runs unasked", {"asks_before_script": False}, CANCEL),
    ("a helper's decision is not repeated", {"judge": _without_decided}, CRASH),
    ("a manager does not look again", {"looks_again": False}, TWO),
    ("a job goes back unasked", {"asks_before_giving_back": False}, TWO),
    ("a record goes before its pods", {"may_forget": lambda *, has_pod: True}, AGAIN),
    ("a record goes unasked, its pod being gone", {"asks_before_clearing": False},
     Setting(crashes=0, losses=1, managers=2, hand_outs=2)),
    ("an attempt is made unclaimed", {"claims_attempts": False}, CHOICE),
    ("a next attempt does not wait for the last", {"waits_until_gone": False}, CHOICE),
    ("a record goes before the job is refused", {"speaks_before_removing": False},
     Setting(crashes=1, losses=0, managers=1, is_refused=True)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "mutant", "setting"), MUTANTS, ids=[one[0] for one in MUTANTS])
def test_without_one_rule_the_fault_is_found(
    what: str, mutant: dict[str, Any], setting: Setting
) -> None:
    found = explore(setting, replace(Rules(), **mutant))
    assert found.fault, f"{what}: nothing found in {found.states} states"
