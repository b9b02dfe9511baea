"""`rules`, `only` and `except` as written, and which of them decides for given facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from podlane.core.text import glob
from podlane.local.pipeline import condition, regex
from podlane.local.pipeline.condition import BadCondition, Condition
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.model import Paths, Policy, Rule
from podlane.local.pipeline.needs import parse_needs
from podlane.local.pipeline.node import NOWHERE, Node, Place, items
from podlane.local.pipeline.parts import variables as parse_variables
from podlane.local.pipeline.reading import Reading, as_text, has

_RULE = ("if", "changes", "exists", "when", "start_in", "allow_failure", "variables", "needs",
         "interruptible", "auto_cancel")  # fmt: skip
_WHENS = ("", "on_success", "on_failure", "always", "manual", "delayed", "never")


def parse_rules(node: Node | None, what: str, reading: Reading) -> tuple[Rule, ...] | None:
    """None when there are no rules (absent or null); an empty list matches nothing."""
    if node is None or node.value is None:
        return None
    return tuple(_rule(item, what, reading) for item in reading.flat(node, what))


def _rule(node: Node, what: str, reading: Reading) -> Rule:
    if not isinstance(node.value, dict):
        reading.wrong(node, what, "a list of mappings such as `- if: $CI_COMMIT_TAG`")
        return Rule(node.place, "")
    keys = reading.keys(node, what, _RULE)
    allow = keys.get("allow_failure")
    return Rule(
        place=node.place,
        text=_rule_text(keys),
        condition=_condition(keys.get("if"), f"{what}:if", reading),
        changes=_paths(keys.get("changes"), f"{what}:changes", reading),
        exists=_paths(keys.get("exists"), f"{what}:exists", reading),
        when=reading.choice(keys.get("when"), f"{what}:when", _WHENS),
        allow_failure=reading.boolean(allow, f"{what}:allow_failure") if allow else None,
        variables=parse_variables(keys.get("variables"), f"{what}:variables", reading),
        needs=parse_needs(keys["needs"], reading) if "needs" in keys else None,
    )


def _rule_text(keys: Mapping[str, Node]) -> str:
    parts = []
    for key in ("if", "changes", "exists"):
        if key in keys:
            node = keys[key]
            paths = node.value.get("paths", node) if isinstance(node.value, dict) else node
            parts.append(f"{key}: {', '.join(as_text(item) for item in items(paths))}")
    if not parts:
        return f"when: {as_text(keys['when'])}" if "when" in keys else "a rule without conditions"
    return "; ".join(parts)


def _condition(node: Node | None, what: str, reading: Reading) -> Condition | None:
    if node is None:
        return None
    try:
        return condition.parse_condition(reading.text(node, what))
    except BadCondition as error:
        reading.faults.add(node.place, f"`{what}: {as_text(node)}`: {error}")
        return None


def _paths(node: Node | None, what: str, reading: Reading) -> Paths | None:
    if node is None:
        return None
    if not isinstance(node.value, dict):
        return Paths(reading.texts(node, what))
    keys = reading.keys(node, what, ("paths", "compare_to", "project", "ref"))
    return Paths(
        reading.texts(keys.get("paths"), f"{what}:paths"),
        reading.text(keys.get("compare_to"), f"{what}:compare_to"),
    )


def parse_policy(node: Node | None, what: str, reading: Reading) -> Policy | None:
    if node is None or node.value is None:
        return None
    if not isinstance(node.value, dict):
        return Policy(node.place, refs=reading.texts(node, what))
    keys = reading.keys(node, what, ("refs", "variables", "changes", "kubernetes"))
    found: list[tuple[str, Condition]] = []
    for item in items(keys["variables"]) if "variables" in keys else ():
        parsed = _condition(item, f"{what}:variables", reading)
        if parsed is not None:
            found.append((as_text(item), parsed))
    return Policy(
        node.place,
        refs=reading.texts(keys["refs"], f"{what}:refs") if "refs" in keys else None,
        variables=tuple(found) if "variables" in keys else None,
        changes=reading.texts(keys["changes"], f"{what}:changes") if "changes" in keys else None,
        kubernetes=has(node, "kubernetes"),
    )


class Verdict(msgspec.Struct, frozen=True):
    """Whether a job is in the pipeline, by which words of the file."""

    is_in: bool
    why: str
    place: Place = NOWHERE
    rule: Rule | None = None


def judge_rules(
    rules: tuple[Rule, ...], facts: Facts, variables: Mapping[str, str], place: Place
) -> Verdict:
    for rule in rules:
        if _matches(rule, facts, variables):
            is_in = rule.when != "never"
            never = "" if is_in or rule.text.startswith("when:") else " -> never"
            return Verdict(is_in, rule.text + never, rule.place, rule)
    return Verdict(is_in=False, why="no rule matches", place=place)


def _matches(rule: Rule, facts: Facts, variables: Mapping[str, str]) -> bool:
    if rule.condition is not None and not condition.holds(rule.condition, variables):
        return False
    if rule.changes is not None and not _changes(rule.changes, facts, variables):
        return False
    return rule.exists is None or _any_exists(rule.exists.patterns, facts, variables)


def _filled(pattern: str, variables: Mapping[str, str]) -> str:
    """`$NAME` in a path is expanded."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1) or found.group(2)
        return variables.get(name, found.group())

    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", value, pattern)


def _changes(paths: Paths, facts: Facts, variables: Mapping[str, str]) -> bool:
    if paths.compare_to:
        changed = facts.compared.get(paths.compare_to)
        facts = msgspec.structs.replace(facts, changed=changed)
    return _any_changed(paths.patterns, facts, variables)


def compared_refs(rules: Iterable[Rule]) -> set[str]:
    """The references that any `changes:compare_to` names."""
    return {rule.changes.compare_to for rule in rules if rule.changes} - {""}


def _any_changed(patterns: tuple[str, ...], facts: Facts, variables: Mapping[str, str]) -> bool:
    if facts.changed is None:
        return True
    wanted = [_filled(pattern, variables) for pattern in patterns]
    return any(glob.matches(pattern, path) for pattern in wanted for path in facts.changed)


def _any_exists(patterns: tuple[str, ...], facts: Facts, variables: Mapping[str, str]) -> bool:
    return any(
        _exists(_filled(pattern, variables).removeprefix("/"), facts) for pattern in patterns
    )


def _exists(pattern: str, facts: Facts) -> bool:
    if pattern.endswith("/"):
        return any(path.startswith(pattern) for path in facts.blobs)
    if not glob.is_pattern(pattern):
        return pattern in facts.blobs
    return any(glob.matches(pattern, path) for path in facts.blobs)


def judge_policies(
    only: Policy | None, excepted: Policy | None, facts: Facts, variables: Mapping[str, str]
) -> Verdict:
    """`only`: every key must hold; `except`: any key that holds leaves the job out."""
    if only is not None:
        missing = [key for key, held in _held(only, facts, variables) if not held]
        if missing:
            return Verdict(is_in=False, why=f"only:{missing[0]} does not hold", place=only.place)
    if excepted is not None:
        hits = [key for key, held in _held(excepted, facts, variables) if held]
        if hits:
            return Verdict(is_in=False, why=f"except:{hits[0]} holds", place=excepted.place)
    if only is not None:
        return Verdict(is_in=True, why="only holds", place=only.place)
    if excepted is not None:
        return Verdict(is_in=True, why="except does not hold", place=excepted.place)
    return Verdict(is_in=True, why="no rules")


def _held(policy: Policy, facts: Facts, variables: Mapping[str, str]) -> list[tuple[str, bool]]:
    result = []
    if policy.refs is not None:
        result.append(("refs", any(_ref_matches(ref, facts) for ref in policy.refs)))
    if policy.variables is not None:
        held = any(condition.holds(item, variables) for _, item in policy.variables)
        result.append(("variables", held))
    if policy.changes is not None:
        result.append(("changes", _any_changed(policy.changes, facts, variables)))
    if policy.kubernetes:
        result.append(("kubernetes", False))
    return result


_SOURCES = {
    "pushes": "push", "merge_requests": "merge_request_event", "schedules": "schedule",
    "triggers": "trigger", "pipelines": "pipeline", "webs": "web", "apis": "api",
    "external_pull_requests": "external_pull_request_event", "chats": "chat",
}  # fmt: skip


def _ref_matches(pattern: str, facts: Facts) -> bool:
    pattern, _, path = pattern.partition("@") if not pattern.startswith("/") else (pattern, "", "")
    if path and path != facts.project_path:
        return False
    is_merge = facts.merge_request is not None
    if pattern in ("branches", "tags"):
        return facts.is_tag if pattern == "tags" else not facts.is_tag and not is_merge
    if facts.source in (pattern, _SOURCES.get(pattern)):
        return True
    return _pattern_matches(pattern, facts.ref) if pattern.startswith("/") else pattern == facts.ref


def _pattern_matches(pattern: str, ref: str) -> bool:
    try:
        compiled = regex.parse_literal(pattern)
    except regex.BadPattern:
        return False
    return compiled is not None and compiled.search(ref) is not None
