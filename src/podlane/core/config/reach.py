"""Which namespaces the jobs of a runner can come to: what it watches, and what its rights must be.

One contract for the manager, which follows the jobs there, and for whoever writes its Roles: a
Role in each namespace of `names`, and a ClusterRole only where `is_any`.
"""

from __future__ import annotations

import re

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.text.re2.words import words

_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_MOST = 100


class Reach(msgspec.Struct, frozen=True):
    """`home` is the runner's own namespace, and the first of `names`: all that it can reach.

    `is_any`: no list can be made of them, so `names` holds the home alone. `makes_them`: they are
    namespaces that the manager makes, one for each job, and deletes.
    """

    home: str
    names: tuple[str, ...]
    is_any: bool = False
    makes_them: bool = False

    def holds(self, namespace: str) -> bool:
        return self.is_any or namespace in self.names


def reach_of(kubernetes: KubernetesConfig) -> Reach:
    """A list where the pattern is a choice of whole names, such as `^(one|two)$` or `^ci-[1-3]$`:
    a pattern without `^` and `$` also matches in the middle of any other name."""
    home = kubernetes.namespace or "default"
    if kubernetes.namespace_per_job:
        return Reach(home, (home,), is_any=True, makes_them=True)
    if not kubernetes.namespace_overwrite_allowed:
        return Reach(home, (home,))
    found = words(kubernetes.namespace_overwrite_allowed, _MOST)
    if found is None:
        return Reach(home, (home,), is_any=True)
    others = sorted(name for name in found - {home} if _NAME.fullmatch(name))
    return Reach(home, (home, *others))
