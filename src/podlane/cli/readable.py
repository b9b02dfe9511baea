"""YAML for people: texts of several lines as blocks, and a value that is met twice twice."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import yaml


class Readable(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Readable.add_representer(str, _text)


def print_documents(documents: Iterable[Any]) -> None:
    yaml.dump_all(documents, sys.stdout, Dumper=Readable, sort_keys=False, allow_unicode=True)


def as_text(document: Any) -> str:
    return str(yaml.dump(document, Dumper=Readable, sort_keys=False, allow_unicode=True))
