"""Whole configurations: deep merge, `!reference`, `extends`.

GitLab's order: included files and the file itself are merged first, then references are looked
up, then `extends` is applied (so a reference does not see what its target inherits).
"""

from __future__ import annotations

import difflib

from podlane.local.pipeline.node import NOTHING, Faults, Node, Reference, items, table

_DEPTH = 10


def merge(under: Node, over: Node) -> Node:
    """Mappings merge key by key, anything else is replaced."""
    if not (isinstance(under.value, dict) and isinstance(over.value, dict)):
        return over
    result = dict(under.value)
    for key, item in over.value.items():
        result[key] = merge(result[key], item) if key in result else item
    return Node(result, over.place)


def resolve_references(root: Node, faults: Faults) -> Node:
    """Put the value in the place of each `!reference`."""
    return _resolved(root, table(root), faults, ())


def _resolved(
    node: Node, root: dict[str, Node], faults: Faults, trail: tuple[tuple[str, ...], ...]
) -> Node:
    value = node.value
    if isinstance(value, dict):
        return Node(
            {key: _resolved(item, root, faults, trail) for key, item in value.items()}, node.place
        )
    if isinstance(value, tuple):
        return Node(tuple(_resolved(item, root, faults, trail) for item in value), node.place)
    if not isinstance(value, Reference):
        return node
    name = ", ".join(value.path)
    if value.path in trail or len(trail) >= _DEPTH:
        faults.add(node.place, f"`!reference [{name}]` leads back to itself or is nested too deep")
        return Node(None, node.place)
    target = _find(root, value.path)
    if target is None:
        faults.add(node.place, f"`!reference [{name}]` could not be found")
        return Node(None, node.place)
    found = _resolved(target, root, faults, (*trail, value.path))
    return Node(found.value, node.place)


def _find(root: dict[str, Node], path: tuple[str, ...]) -> Node | None:
    here: Node | None = Node(root, NOTHING.place)
    for name in path:
        here = table(here).get(name) if here is not None else None
    return here


def apply_extends(root: Node, faults: Faults, *, hint: str = "") -> Node:
    """Merge every job under what it extends; `hint` is added where a template is missing."""
    resolver = _Extends(table(root), faults, hint)
    return Node({name: resolver.resolved(name, ()) for name in table(root)}, root.place)


class _Extends:
    def __init__(self, jobs: dict[str, Node], faults: Faults, hint: str) -> None:
        self._jobs = jobs
        self._faults = faults
        self._hint = hint
        self._done: dict[str, Node] = {}

    def resolved(self, name: str, trail: tuple[str, ...]) -> Node:
        if name not in self._done:
            self._done[name] = self._resolve(name, trail)
        return self._done[name]

    def _resolve(self, name: str, trail: tuple[str, ...]) -> Node:
        job = self._jobs[name]
        wish = table(job).get("extends")
        if wish is None:
            return job
        if name in trail or len(trail) > _DEPTH:
            chain = " -> ".join([*trail, name])
            self._faults.add(wish.place, f"`extends` goes in a circle or too deep: {chain}")
            return job
        result = Node({}, job.place)
        for parent in items(wish):
            result = merge(result, self._parent(parent, (*trail, name)))
        return merge(result, Node({**table(job), "extends": wish}, job.place))

    def _parent(self, wish: Node, trail: tuple[str, ...]) -> Node:
        name = wish.value
        if not isinstance(name, str):
            self._faults.add(wish.place, "`extends` takes the name of a job or a list of names")
        elif name not in self._jobs:
            near = difflib.get_close_matches(name, self._jobs, 1)
            more = f"; did you mean `{near[0]}`?" if near else self._hint
            self._faults.add(wish.place, f"`extends` names `{name}`, which is not there{more}")
        elif not isinstance(self._jobs[name].value, dict):
            self._faults.add(wish.place, f"`extends` names `{name}`, which is no job")
        else:
            parent = self.resolved(name, trail)
            return Node(
                {key: item for key, item in table(parent).items() if key != "extends"},
                parent.place,
            )
        return Node({}, wish.place)
