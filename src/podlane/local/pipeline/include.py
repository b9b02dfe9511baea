"""`include`: local files (globs, rules) merged under the file that names them; others noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from podlane.core.text import glob
from podlane.local.pipeline import rules
from podlane.local.pipeline.document import parse_document
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.keyword import INSTEAD
from podlane.local.pipeline.merge import merge
from podlane.local.pipeline.model import Note
from podlane.local.pipeline.node import Node
from podlane.local.pipeline.reading import Reading

Read = Callable[[str], str | None]
_MOST = 150
_ABSENT = ("remote", "project", "template", "component")
_KEYS = ("local", *_ABSENT, "file", "ref", "rules", "inputs", "integrity", "cache")


class Includer:
    """`read` gives a project file's text by its path from the project's root, or None."""

    def __init__(
        self, reading: Reading, read: Read, facts: Facts, variables: Mapping[str, str]
    ) -> None:
        self._reading = reading
        self._read = read
        self._facts = facts
        self._variables = variables
        self._open: list[str] = []
        self._count = 0
        self.notes: list[Note] = []

    def load(self, path: str, text: str) -> Node:
        """Read one file with all that it includes."""
        self._open.append(path)
        body = parse_document(text, path, self._reading.faults)
        keys = dict(body.value) if isinstance(body.value, dict) else {}
        wish = keys.pop("include", None)
        result = Node({}, body.place)
        for item in self._reading.flat(wish, "include") if wish is not None else ():
            result = merge(result, self._included(item))
        self._open.pop()
        return merge(result, Node(keys, body.place))

    def _included(self, item: Node) -> Node:
        nothing = Node({}, item.place)
        if not isinstance(item.value, dict):
            text = self._reading.text(item, "include")
            if text.startswith(("http://", "https://")):
                self._note(item, "remote")
                return nothing
            return self._local(item, text)
        keys = self._reading.keys(item, "include", _KEYS)
        if "rules" in keys and not self._wanted(keys["rules"]):
            return nothing
        if "inputs" in keys:
            self._reading.faults.add(
                keys["inputs"].place, "`include:inputs` is not there yet in a local run"
            )
        if "local" in keys:
            return self._local(keys["local"], self._reading.text(keys["local"], "include:local"))
        kind = next((key for key in _ABSENT if key in keys), None)
        if kind is None:
            self._reading.wrong(item, "include", "a path, or hold `local`")
        else:
            self._note(item, kind)
        return nothing

    def _note(self, item: Node, kind: str) -> None:
        keyword = f"include:{kind}"
        self.notes.append(Note(item.place, keyword, INSTEAD[keyword]))

    def _wanted(self, node: Node) -> bool:
        found = rules.parse_rules(node, "include:rules", self._reading) or ()
        return rules.judge_rules(found, self._facts, self._variables, node.place).is_in

    def _local(self, node: Node, wish: str) -> Node:
        pattern = wish.removeprefix("/")
        faults = self._reading.faults
        if not pattern.endswith((".yml", ".yaml")):
            faults.add(node.place, f"`include: {wish}` must end with .yml or .yaml")
            return Node({}, node.place)
        paths = [pattern]
        if glob.is_pattern(pattern):
            paths = sorted(path for path in self._facts.blobs if glob.matches(pattern, path))
        result = Node({}, node.place)
        for path in paths:
            result = merge(result, self._file(node, path))
        return result

    def _file(self, node: Node, path: str) -> Node:
        faults = self._reading.faults
        self._count += 1
        text = self._read(path) if path in self._facts.blobs else None
        if path in self._open:
            faults.add(node.place, f"`{path}` includes itself")
        elif self._count > _MOST:
            faults.add(node.place, f"more than {_MOST} files are included")
        elif text is None:
            faults.add(node.place, f"the included file `{path}` is not in the project")
        else:
            return self.load(path, text)
        return Node({}, node.place)
