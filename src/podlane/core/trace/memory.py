"""Out of memory, made plain: which container, where, limit and peak, and what raises the limit.

The helper says it for what it sees, the manager for a container that was killed; both in these
words. What programs print when memory is refused is read here as well.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from podlane.core.trace.usage import Used, quantity, size

_REFUSED = re.compile(
    rb"[^\r\n]*(?:cannot allocate memory|out of memory|out-of-memory|outofmemory|memoryerror"
    rb"|bad_alloc|memory exhausted|not enough memory|\benomem\b|errno 12\b)[^\r\n]*",
    re.I,
)
_FORK_REFUSED = re.compile(
    rb"\bfork\b[^\r\n]*resource temporarily unavailable|unable to create native thread"
    rb"|pthread_create[^\r\n]*resource temporarily unavailable|can't start new thread",
    re.I,
)
_OWN = re.compile(r"cannot allocate memory|errno 12\b|memoryerror", re.I)
_COLOURS = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")


_FEWER = (
    "run less at once (`make -j`, workers of a test runner), or let the cluster's administrators "
    "raise the kubelet's `podPidsLimit`; `ulimit -u` in the job shows a limit of the user's"
)
What = Literal["ended", "killed", "refused", "forks"]


class Shortage(msgspec.Struct, frozen=True):
    """Memory that ran out. `container`: build, helper, or a service's name. `where`: such as
    ", running `make`" or " in stage get_sources".

    `what`: `ended`, the container itself was killed; `killed`, the kernel killed a process in it;
    `refused`, nothing was killed, but a call got no memory; `forks`, it was no memory, but one
    process or thread too many.
    """

    container: str
    what: What
    where: str = ""
    used: Used = Used()


def find_refusal(output: bytes) -> str:
    """The last line in which a program says that it got no memory, or ""."""
    found = _REFUSED.findall(_COLOURS.sub(b"", output))
    return found[-1].decode(errors="replace").strip()[:200] if found else ""


def find_fork_refusal(output: bytes) -> bool:
    """Whether a program says that it could not start a process or thread."""
    return bool(_FORK_REFUSED.search(output))


def is_refusal(line: str) -> bool:
    """Whether a line of podlane's own tells of memory that it did not get."""
    return bool(_OWN.search(line))


def sentences(shortage: Shortage) -> tuple[str, ...]:
    """What happened, and what to do."""
    if shortage.what == "forks":
        what = f"The {_name(shortage.container)} could not start one process more{shortage.where}"
        return what, f"hint: {_FEWER}"
    return (f"{_what(shortage)} ({figures(shortage.used)})", f"hint: {advice(shortage)}")


def advice(shortage: Shortage) -> str:
    used, container = shortage.used, shortage.container
    is_known = used.most or not used.limit
    if shortage.what == "refused" and is_known and not used.is_at_limit:
        return (
            "no limit of the container was reached: does the program set one of its own, such as "
            "`ulimit` or the size of a heap?"
        )
    if shortage.what == "killed" and used.limit and used.most and not used.is_at_limit:
        return (
            "the container was below its limit, so its node or the pod as a whole ran out of "
            "memory: `memory_request` in [runners.kubernetes] reserves what the job needs"
        )
    if not used.limit:
        return (
            "the container has no limit, so its node or the pod as a whole ran out of memory: "
            "`memory_request` in [runners.kubernetes] reserves what the job needs"
        )
    key, variable = _raised_by(container)
    return (
        f"raise `{key}` in [runners.kubernetes], for example to {quantity(2 * used.limit)}, or "
        f"{variable} in the variables of {_whose(container)} where `{key}_overwrite_max_allowed` "
        "permits it"
    )


def _what(shortage: Shortage) -> str:
    name = _name(shortage.container)
    if shortage.what == "ended":
        return f"The {name} ran out of memory and was killed{shortage.where}"
    if shortage.what == "killed":
        return f"The {name} ran out of memory: the kernel killed a process{shortage.where}"
    if shortage.used.is_at_limit:
        return f"The {name} ran out of memory: a call was refused{shortage.where}"
    return f"A program in the {name} says that it got no memory{shortage.where}"


def figures(used: Used) -> str:
    peak = f", peak {size(max(used.held, used.peak))}" if used.most else ""
    return f"limit {size(used.limit)}{peak}" if used.limit else f"no limit of its own{peak}"


def _name(container: str) -> str:
    if container in ("build", "helper"):
        return f"{container} container"
    return f"service {container}"


def _whose(container: str) -> str:
    return "the job" if container in ("build", "helper") else "the job or the service"


def _raised_by(container: str) -> tuple[str, str]:
    scope = {"build": "", "helper": "helper_"}.get(container, "service_")
    return f"{scope}memory_limit", f"KUBERNETES_{scope.upper()}MEMORY_LIMIT"
