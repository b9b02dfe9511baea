"""Label and field selectors: which objects a list or a watch speaks of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from podlane.local.cluster.failure import bad_request
from podlane.local.cluster.kinds import Object

Selector = Callable[[Object], bool]

_KEY = r"[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<absent>!\s*)?(?P<key>{_KEY})\s*"
    r"(?:(?P<op>==|=|!=)\s*(?P<value>[-A-Za-z0-9_.]*)"
    r"|\s(?P<set>in|notin)\s*\(\s*(?P<values>[-A-Za-z0-9_.,\s]*)\))?)\s*(?:,|$)"
)


def label_selector(text: str) -> Selector:
    """Read `a=b,c!=d,e,!f,g in (h,i)`; an empty text selects everything."""
    tests: list[Callable[[Mapping[str, str]], bool]] = []
    position = 0
    while position < len(text):
        match = _REQUIREMENT.match(text, position)
        if match is None:
            rest = text[position:].strip()
            raise bad_request(f"found '{rest[:2]}', expected: !, identifier, or 'end of string'")
        tests.append(_label_test(match))
        position = match.end()

    def selects(item: Object) -> bool:
        labels = item["metadata"].get("labels") or {}
        return all(test(labels) for test in tests)

    return selects


def _label_test(match: re.Match[str]) -> Callable[[Mapping[str, str]], bool]:
    key, value = match["key"], match["value"]
    if match["set"]:
        values = {part.strip() for part in match["values"].split(",")}
        if match["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match["op"] == "!=":
        return lambda labels: labels.get(key) != value
    if match["op"]:
        return lambda labels: labels.get(key) == value
    if match["absent"]:
        return lambda labels: key not in labels
    return lambda labels: key in labels


_FIELDS = frozenset(
    ["metadata.name", "metadata.namespace", "status.phase", "spec.nodeName", "type", "reason"]
    + [f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid", "fieldPath")]
)


def field_selector(text: str) -> Selector:
    """Read `involvedObject.name=x,status.phase!=Failed`."""
    tests: list[tuple[list[str], str, bool]] = []
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"([A-Za-z.]+)(==|=|!=)(.*)", part)
        if match is None:
            raise bad_request(f"invalid field selector: '{text}'; can't understand '{part}'")
        if match[1] not in _FIELDS:
            raise bad_request(f"field label not supported: {match[1]}")
        tests.append((match[1].split("."), match[3], match[2] != "!="))

    def selects(item: Object) -> bool:
        return all((_field(item, path) == value) is same for path, value, same in tests)

    return selects


def _field(item: Object, path: list[str]) -> str:
    value: object = item
    for name in path:
        value = value.get(name, "") if isinstance(value, dict) else ""
    return str(value)


def both(first: Selector, second: Selector) -> Selector:
    return lambda item: first(item) and second(item)
