"""The block of figures at the end of a log: one row a case."""

from __future__ import annotations

import pytest

from podlane.core.trace.usage import Start, Used, block, join, quantity, seconds, size

M = 1024 * 1024


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.04, "0.0 s"),
        (0.44, "0.4 s"),
        (9.949, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_seconds(number: float, text: str) -> None:
    assert seconds(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 KiB"),
        (812 * 1024, "812 KiB"),
        (215 * M, "215 MiB"),
        (1023 * M, "1023 MiB"),
        (1024 * M, "1 GiB"),
        (3300 * M, "3.2 GiB"),
    ],
)
def test_size(number: int, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "64Mi"),
        (64 * M, "64Mi"),
        (64 * M + 1, "128Mi"),
        (1000 * M, "1Gi"),
        (1100 * M, "1536Mi"),
        (3000 * M, "3Gi"),
    ],
)
def test_quantity_is_the_next_round_one(number: int, text: str) -> None:
    assert quantity(number) == text


def test_times_by_what_they_were_spent_on() -> None:
    spent = {
        "prepare_executor": 9,
        "get_sources": 0.31,
        "restore_cache": 1,
        "archive_cache": 2,
        "step_script": 62,
        "step_release": 1,
        "after_script": 0.01,
        "upload_artifacts_on_success": 0.2,
    }
    assert block(Start(4, 0.62, 0), spent, {}) == (
        "time    queued 4.0 s, scheduling 0.6 s, cloning 0.3 s, cache 3.0 s, script 1 min 3 s, "
        "artifacts 0.2 s",
    )


BLOCKS: list[tuple[str, Used, tuple[str, ...]]] = [
    ("nothing known", Used(), ()),
    ("no limit", Used(held=90 * M, peak=91 * M, cpu=2_100_000), ("memory 90 MiB, CPU 2.1 s",)),
    (
        "page cache beside it",
        Used(limit=512 * M, held=200 * M, peak=500 * M),
        ("memory 200 MiB of 512 MiB (39 %), 500 MiB with the page cache",),
    ),
    (
        "close to its limit",
        Used(limit=256 * M, held=231 * M, peak=240 * M),
        (
            "memory 231 MiB of 256 MiB (90 %)",
            "hint: build came close to its memory limit; `memory_limit` could be 384Mi",
        ),
    ),
    (
        "full of page cache is not close",
        Used(limit=256 * M, held=100 * M, peak=256 * M),
        ("memory 100 MiB of 256 MiB (39 %), 256 MiB with the page cache",),
    ),
    (
        "little of its limit",
        Used(limit=1024 * M, held=200 * M, peak=200 * M),
        (
            "memory 200 MiB of 1 GiB (20 %)",
            "hint: build used little of its memory limit; `memory_limit` could be 448Mi",
        ),
    ),
    ("little of a little", Used(limit=64 * M, held=2 * M), ("memory 2 MiB of 64 MiB (3 %)",)),
]


@pytest.mark.parametrize(("what", "used", "lines"), BLOCKS)
def test_container(what: str, used: Used, lines: tuple[str, ...]) -> None:
    shown = block(Start(), {}, {"build": used})
    assert tuple(line.removeprefix("build   ") for line in shown) == lines


def test_what_is_told_elsewhere_gets_no_hint() -> None:
    killed = Used(limit=64 * M, held=1, peak=64 * M, oom=1)
    (line,) = block(Start(), {}, {"build": killed}, {"build"})
    assert line == "build   memory 64 MiB of 64 MiB (100 %)"


def test_no_helper_is_to_have_less_than_it_may_need() -> None:
    used = Used(limit=256 * M, held=20 * M)
    assert block(Start(), {}, {"helper": used})[1].endswith("`helper_memory_limit` could be 128Mi")
    assert len(block(Start(), {}, {"helper": Used(limit=128 * M, held=20 * M)})) == 1


def test_the_most_that_was_held_is_kept_and_a_huge_limit_is_none() -> None:
    before = Used(limit=5, held=90, cpu=1)
    assert join(before, Used(limit=5, held=80, cpu=2)) == Used(limit=5, held=90, cpu=2)
    assert join(Used(), Used(limit=9223372036854771712)).limit == 0
