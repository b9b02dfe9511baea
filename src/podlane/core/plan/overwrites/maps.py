"""Labels, annotations, node selector and tolerations that a job lays over the config's.

Any number of variables, one entry each; what follows the prefix in their names is free. An entry
of the config can be replaced, never taken out.
"""

from __future__ import annotations

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.job.variables import Reader
from podlane.core.plan.model import Note
from podlane.core.plan.overwrites.gate import Asked, of_prefix
from podlane.errors import JobRefused

PAIRS = ("node_selector", "pod_labels", "pod_annotations")
TOLERATIONS = "node_tolerations"
EXPANDED = ("pod_labels", "pod_annotations")  # where the config's values hold job variables
RESERVED = ("runner.gitlab.com", "podlane.dev")


class Entry(msgspec.Struct, frozen=True):
    key: str
    name: str
    value: str


def applied(kubernetes: KubernetesConfig, reader: Reader) -> KubernetesConfig:
    """The settings with the job's entries. JobRefused for one that is not allowed."""
    changes: dict[str, dict[str, str]] = {}
    for entry in entries(kubernetes, reader):
        present = changes.get(entry.key) or dict(getattr(kubernetes, entry.key))
        literal = entry.value.replace("$", "$$") if entry.key in EXPANDED else entry.value
        changes[entry.key] = present | {entry.name: literal}
    return msgspec.structs.replace(kubernetes, **changes)


def entries(kubernetes: KubernetesConfig, reader: Reader) -> tuple[Entry, ...]:
    found = [
        Entry(key, *_pair(asked)) for key in PAIRS for asked in of_prefix(key, kubernetes, reader)
    ]
    asked_for = of_prefix(TOLERATIONS, kubernetes, reader)
    found += [Entry(TOLERATIONS, *_toleration(asked.value)) for asked in asked_for]
    return tuple(found)


def notes(kubernetes: KubernetesConfig, reader: Reader) -> tuple[Note, ...]:
    return tuple(_note(entry) for entry in entries(kubernetes, reader))


def _note(entry: Entry) -> Note:
    if entry.key == "pod_labels" and is_reserved(entry.name):
        text = f'the label "{entry.name}" is left out: it is one of the runner\'s own'
        return Note(f"KUBERNETES_POD_LABELS: {text}", "warning")
    return Note(f'"{entry.key}" "{entry.name}" overwritten with "{entry.value}"')


def is_reserved(label: str) -> bool:
    """Whether it is one of gitlab-runner's or of podlane's own labels, which nobody else sets."""
    return label.partition("/")[0].endswith(RESERVED)


def _pair(asked: Asked) -> tuple[str, str]:
    """`key=value`, at the first `=`."""
    name, mark, value = asked.value.partition("=")
    if not mark or not name.strip():
        raise JobRefused(
            f"{asked.variable} is {asked.value[:64]!r}, and an entry of {asked.key} is written "
            "`key=value`",
            hint=f"write {asked.variable} as `key=value`",
            reference="overwrite",
        )
    return name, value


def _toleration(text: str) -> tuple[str, str]:
    """`key[=value][:effect]` → what the config has as a key, and its effect."""
    name, _, effect = text.partition(":")
    return name, effect
