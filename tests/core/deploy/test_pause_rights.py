"""The rights that pause pods need, and only they."""

from __future__ import annotations

from podlane.core.config.parse import parse
from podlane.core.deploy.rights import Rights, rights

HEAD = '[[runners]]\nname = "one"\nurl = "https://g.test"\ntoken = "t"\n[runners.kubernetes]\n'
POLICY = "[[runners.kubernetes.autoscaler.policy]]\nidle_count = 1\n"
DEPLOYMENTS = ("apps", "deployments")
CLASSES = ("scheduling.k8s.io", "priorityclasses")


def of(text: str) -> Rights:
    return rights(parse(HEAD + text, {})[0], "home", "token")


def test_without_policies_nothing_is_asked_for() -> None:
    found = of('namespace = "ci"\n[runners.kubernetes.autoscaler]\nmax_pause_pods = 3\n')
    assert not found.everywhere
    assert DEPLOYMENTS not in found.namespaces["ci"]


def test_deployments_in_the_runners_namespace_and_the_class_everywhere() -> None:
    found = of('namespace = "ci"\n' + POLICY)
    assert found.namespaces["ci"][DEPLOYMENTS] >= {"create", "update", "patch", "delete"}
    assert found.everywhere == {CLASSES: {"get", "create"}}
    assert found.why == ("the pause pods' priority class of the runner one",)


def test_a_class_of_ones_own_needs_no_right_everywhere() -> None:
    named = "[runners.kubernetes.autoscaler]\npause_pod_priority_class_name = 'low'\n"
    found = of(named + POLICY)
    assert not found.everywhere
    assert DEPLOYMENTS in found.namespaces["home"]


def test_one_runners_rules_do_not_leak_into_anothers() -> None:
    of(POLICY)
    assert DEPLOYMENTS not in of("").namespaces["home"]
