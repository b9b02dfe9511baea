"""What is said when memory runs out, and what counts as a program saying so."""

from __future__ import annotations

import pytest

from podlane.core.trace.memory import (
    Shortage,
    find_fork_refusal,
    find_refusal,
    is_refusal,
    sentences,
)
from podlane.core.trace.usage import Used

M = 1024 * 1024
FULL = Used(limit=64 * M, peak=64 * M, held=60 * M, oom=1)
ROWS = [
    (
        Shortage("build", "killed", ", running `make`", FULL),
        "The build container ran out of memory: the kernel killed a process, running `make` "
        "(limit 64 MiB, peak 64 MiB)",
        "hint: raise `memory_limit` in [runners.kubernetes], for example to 128Mi, or "
        "KUBERNETES_MEMORY_LIMIT in the variables of the job where "
        "`memory_limit_overwrite_max_allowed` permits it",
    ),
    (
        Shortage("helper", "refused", ", running `git fetch`", FULL),
        "The helper container ran out of memory: a call was refused, running `git fetch` "
        "(limit 64 MiB, peak 64 MiB)",
        "hint: raise `helper_memory_limit` in [runners.kubernetes], for example to 128Mi, or "
        "KUBERNETES_HELPER_MEMORY_LIMIT in the variables of the job where "
        "`helper_memory_limit_overwrite_max_allowed` permits it",
    ),
    (
        Shortage("postgres", "ended", "", FULL),
        "The service postgres ran out of memory and was killed (limit 64 MiB, peak 64 MiB)",
        "hint: raise `service_memory_limit` in [runners.kubernetes], for example to 128Mi, or "
        "KUBERNETES_SERVICE_MEMORY_LIMIT in the variables of the job or the service where "
        "`service_memory_limit_overwrite_max_allowed` permits it",
    ),
    (
        Shortage("build", "refused", "", Used(limit=512 * M, peak=100 * M)),
        "A program in the build container says that it got no memory (limit 512 MiB, peak 100 MiB)",
        "hint: no limit of the container was reached: does the program set one of its own, such "
        "as `ulimit` or the size of a heap?",
    ),
    (
        Shortage("build", "killed", "", Used(peak=100 * M, oom=1)),
        "The build container ran out of memory: the kernel killed a process "
        "(no limit of its own, peak 100 MiB)",
        "hint: the container has no limit, so its node or the pod as a whole ran out of memory: "
        "`memory_request` in [runners.kubernetes] reserves what the job needs",
    ),
    (
        Shortage("build", "killed", "", Used(limit=512 * M, peak=100 * M, held=90 * M, oom=1)),
        "The build container ran out of memory: the kernel killed a process "
        "(limit 512 MiB, peak 100 MiB)",
        "hint: the container was below its limit, so its node or the pod as a whole ran out of "
        "memory: `memory_request` in [runners.kubernetes] reserves what the job needs",
    ),
    (
        Shortage("build", "forks", ", running `make`", Used(limit=512 * M, peak=100 * M, forks=3)),
        "The build container could not start one process more, running `make`",
        "hint: run less at once (`make -j`, workers of a test runner), or let the cluster's "
        "administrators raise the kubelet's `podPidsLimit`; `ulimit -u` in the job shows a limit "
        "of the user's",
    ),
]


@pytest.mark.parametrize(("shortage", "what", "hint"), ROWS)
def test_sentences(shortage: Shortage, what: str, hint: str) -> None:
    assert sentences(shortage) == (what, hint)


@pytest.mark.parametrize(
    "line",
    [
        "fatal: write error: Out of memory",
        "fatal: write error: Cannot allocate memory",
        "fatal: Out of memory, malloc failed (tried to allocate 524288000 bytes)",
        "bash: fork: Cannot allocate memory",
        "MemoryError",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "java.lang.OutOfMemoryError: Java heap space",
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        "OSError: [Errno 12] Cannot allocate memory: '/x'",
        "virtual memory exhausted: Cannot allocate memory",
        "npm ERR! code ENOMEM",
    ],
)
def test_programs_that_got_no_memory(line: str) -> None:
    output = f"before\n\x1b[31m{line}\x1b[0m\r\nafter\n".encode()
    assert find_refusal(output) == line


def test_other_output_says_nothing() -> None:
    assert find_refusal(b"error: file not found\nErrno 120\nin memory of\n") == ""
    assert not is_refusal("The helper container ran out of memory")
    assert is_refusal("Failed to create cache: [Errno 12] Cannot allocate memory")


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("sh: can't fork: Resource temporarily unavailable", True),
        ("bash: fork: retry: Resource temporarily unavailable", True),
        ("RuntimeError: can't start new thread", True),
        (
            "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory",
            True,
        ),
        ("runtime: pthread_create failed: Resource temporarily unavailable", True),
        ("curl: (7) connect: Resource temporarily unavailable", False),
        ("forked 3 repositories", False),
    ],
)
def test_what_says_that_there_are_too_many_processes(line: str, is_one: bool) -> None:
    assert find_fork_refusal(b"before\n" + line.encode() + b"\nafter") is is_one
