"""The chart, rendered by the real helm."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from helm import program
from helm.catalogue import CHART

Manifest = dict[str, Any]
NEEDED = {"gitlabUrl": "https://gitlab.example.com", "runnerToken": "glrt-not-a-real-one"}
_NOTES = """apiVersion: v1
kind: Notes
metadata: {{name: notes}}
said: {{{{ include "notes" . | quote }}}}
{{{{- define "notes" }}}}{text}{{{{ end }}}}
"""


class Rendered(msgspec.Struct, frozen=True):
    """`refused`: what helm says instead, if it does."""

    objects: tuple[Manifest, ...]
    refused: str = ""

    def one(self, kind: str) -> Manifest:
        (found,) = self.all(kind)
        return found

    def all(self, kind: str) -> list[Manifest]:
        return [one for one in self.objects if one["kind"] == kind]

    @property
    def config(self) -> str:
        return str(self.one("ConfigMap")["data"]["config.toml"])


def run(*words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program.program()), *words], input=typed, capture_output=True, text=True, timeout=60
    )


def render(
    values: Mapping[str, Any], *, name: str = "runner", namespace: str = "ci", chart: Path = CHART
) -> Rendered:
    """With these values alone: see NEEDED."""
    words = ("template", name, str(chart), "--namespace", namespace, "--values", "-")
    done = run(*words, typed=yaml.safe_dump(dict(values)))
    if done.returncode:
        return Rendered((), done.stderr)
    return Rendered(tuple(one for one in yaml.safe_load_all(done.stdout) if one))


def notes(values: Mapping[str, Any], folder: Path) -> str:
    """What is said after an install, which `helm template` leaves out: a copy of the chart says it
    as an object."""
    copy = folder / "podlane"
    if not copy.exists():
        shutil.copytree(CHART, copy)
        text = (copy / "templates/NOTES.txt").read_text()
        (copy / "templates/NOTES.txt").unlink()
        (copy / "templates/notes.yaml").write_text(_NOTES.format(text=text))
    found = render(values, chart=copy)
    assert not found.refused, found.refused
    return str(found.one("Notes")["said"])
