"""Which images a job may use: the runner's `allowed_images` and `allowed_services`."""

from __future__ import annotations

from podlane.core.text import glob
from podlane.errors import JobRefused


def check(image: str, key: str, patterns: tuple[str, ...], own: tuple[str, ...] = ()) -> None:
    """JobRefused when the list `key` of the runner has no pattern for it. `own`: its own images."""
    if not patterns or image in own or any(glob.matches(one, image) for one in patterns):
        return
    listed = "".join(f"\n  - {one[:200]}" for one in patterns[:20])
    raise JobRefused(
        f"This runner does not allow the image {image[:300]!r}; its `{key}` are:{listed}",
        hint=f"use an image of this list, or let an administrator add it to `{key}` in "
        "[runners.kubernetes]",
        reference="image-not-allowed",
    )
