"""`[runners.experimental]`: what a runner proves before the manager says that it is ready."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from podlane.core.config import durations


class BootVerify(msgspec.Struct, frozen=True):
    """`[runners.experimental.boot_verify]`; times are Go durations."""

    enabled: bool = False
    timeout: str = "5m"  # after which the log says that it has failed; it is tried on
    acquire_min_backoff: str = "1s"  # the first pause between two tries; it doubles
    acquire_max_backoff: str = "10s"  # the longest


class Experimental(msgspec.Struct, frozen=True):
    boot_verify: BootVerify = BootVerify()


def faults(verify: BootVerify) -> Iterator[tuple[str, str]]:
    keys = ("timeout", "acquire_min_backoff", "acquire_max_backoff")
    yield from durations.faults(*((key, getattr(verify, key)) for key in keys))
