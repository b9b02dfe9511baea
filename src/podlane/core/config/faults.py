"""What the file alone shows to be wrong with a value: each table's own checks, by its type.

A check takes one table as frozen data and yields, for each value that cannot be meant, its key
(dotted, counted from that table: `empty_dir[0].size_limit`; a name with dots stands in double
quotes), what is wrong (the rest of a sentence that begins with the key), and what to do where that
is not plain. Checks stand beside their table's struct; a table that the model uses at several
places is checked at each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from podlane.core.config import cache, container, contexts, gates, security, values
from podlane.core.config.cache import CacheConfig
from podlane.core.config.container import PodSpecPatch
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.notes import ConfigNote
from podlane.core.config.place import Found, Place
from podlane.core.config.security import ContainerSecurityContext, SecurityContext

Check = Callable[[Any], Iterable[tuple[str, ...]]]

CHECKS: dict[type, tuple[Check, ...]] = {
    Config: (values.faults_of_file,),
    RunnerConfig: (values.faults_of_runner,),
    CacheConfig: (cache.faults,),
    KubernetesConfig: (gates.faults, contexts.faults),
    SecurityContext: (security.faults,),
    ContainerSecurityContext: (security.faults,),
    PodSpecPatch: (container.faults_of_patch,),
}


def faults(table: msgspec.Struct, place: Place) -> Iterator[Found]:
    """Check a table and the tables in it, each with the checks of its type."""
    for check in CHECKS.get(type(table), ()):
        for key, what, *hint in check(table):
            yield fault(place.down(key), what, hint=hint[0] if hint else "")
    for field in msgspec.structs.fields(table):
        value = getattr(table, field.name)
        if isinstance(value, msgspec.Struct):
            yield from faults(value, place.inside(field.encode_name))
        elif isinstance(value, tuple):
            inside = place.inside(field.encode_name)
            for position, item in enumerate(value):
                if isinstance(item, msgspec.Struct):
                    yield from faults(item, inside.at(position))


def fault(place: Place, what: str, *, hint: str = "", reference: str = "config-value") -> Found:
    """Say what is wrong with the key at `place`, or with the table itself."""
    note = ConfigNote("fault", place.shown, f"`{place.shown}` {what}", hint=hint)
    return Found(msgspec.structs.replace(note, reference=reference), place.path)
