"""YAML text to nodes, read as GitLab's server reads it (Psych, YAML 1.1).

`yes`, `no`, `on`, `off` are booleans, `<<` takes effect where it stands (a merge written after a
key overrides that key, as Psych does), the last of two equal keys wins.
"""

from __future__ import annotations

import difflib
from typing import Any

import yaml

from podlane.local.pipeline.node import Faults, Node, Place, Reference

_MAP = "tag:yaml.org,2002:map"
_SEQ = "tag:yaml.org,2002:seq"
_MERGE = "tag:yaml.org,2002:merge"
_SCALARS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str")}


def parse_document(text: str, file: str, faults: Faults) -> Node:
    """Read one file; a document before the last must be a `spec:` header."""
    try:
        documents = [item for item in yaml.compose_all(text, yaml.SafeLoader) if item is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.add(Place(file, mark.line + 1 if mark else 1), f"this is no YAML: {error.problem}")
        return Node({}, Place(file, 1))
    except yaml.YAMLError as error:
        faults.add(Place(file, 1), f"this is no YAML: {error}")
        return Node({}, Place(file, 1))
    if not documents:
        return Node({}, Place(file, 1))
    if len(documents) > 2:
        faults.add(Place(file, 1), "a file holds one document, or a `spec:` header and one")
    body = _Builder(file, faults).build(documents[-1])
    if len(documents) == 1 and isinstance(body.value, dict) and "spec" in body.value:
        faults.add(body.value["spec"].place, "`spec` stands in a header of its own, before `---`")
    if len(documents) == 2:
        faults.add(
            Place(file, documents[0].start_mark.line + 1),
            "a `spec:` header (inputs) is not there yet in a local run; nothing can run without it",
        )
    if not isinstance(body.value, dict):
        faults.add(Place(file, 1), "the file must hold keys (job names, `stages`, ...) at its top")
        return Node({}, Place(file, 1))
    return body


class _Builder:
    def __init__(self, file: str, faults: Faults) -> None:
        self._file = file
        self._faults = faults
        self._open: list[int] = []

    def build(self, node: Any, place: Place | None = None) -> Node:
        place = place or self._place(node)
        if id(node) in self._open:
            self._faults.add(place, "an alias stands inside its own anchor")
            return Node(None, place)
        self._open.append(id(node))
        try:
            return Node(self._value(node, place), place)
        finally:
            self._open.pop()

    def _value(self, node: Any, place: Place) -> Any:
        if node.tag == "!reference":
            return self._reference(node, place)
        if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
            return tuple(self.build(item) for item in node.value)
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            return self._scalar(node, place)
        self._refuse(node, place)
        return None

    def _scalar(self, node: Any, place: Place) -> Any:
        loader = yaml.SafeLoader("")
        try:
            return loader.construct_object(node, deep=True)
        except (ValueError, OverflowError):
            self._faults.add(place, f"`{node.value}` cannot be read; quote it")
            return None
        finally:
            loader.dispose()

    def _refuse(self, node: Any, place: Place) -> None:
        if node.tag == "tag:yaml.org,2002:timestamp":
            self._faults.add(place, f"`{node.value}` is a date, which GitLab refuses; quote it")
            return
        near = difflib.get_close_matches(node.tag, ["!reference"], 1)
        more = f"; did you mean `{near[0]}`?" if near else ""
        self._faults.add(place, f"the tag `{node.tag}` is unknown{more}")

    def _reference(self, node: Any, place: Place) -> Reference | None:
        parts = node.value if isinstance(node, yaml.SequenceNode) else []
        if not parts or not all(isinstance(part, yaml.ScalarNode) for part in parts):
            self._faults.add(place, "`!reference` takes a list of names: `!reference [job, key]`")
            return None
        return Reference(tuple(str(part.value) for part in parts))

    def _mapping(self, node: Any) -> dict[str, Node]:
        result: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._faults.add(self._place(key), "a key must be a plain text")
            elif key.tag == _MERGE:
                result.update(self._merged(value))
            else:
                result[str(key.value)] = self.build(value, self._place(key))
        return result

    def _merged(self, node: Any) -> dict[str, Node]:
        """The keys that `<<` brings; of several mappings the first that has a key gives it."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        result: dict[str, Node] = {}
        for source in reversed(sources):
            built = self.build(source)
            if isinstance(built.value, dict):
                result.update(built.value)
            else:
                self._faults.add(self._place(source), "`<<` takes a mapping or a list of mappings")
        return result

    def _place(self, node: Any) -> Place:
        return Place(self._file, node.start_mark.line + 1)
