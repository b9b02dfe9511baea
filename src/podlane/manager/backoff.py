"""Growing pauses between tries, as data."""

from __future__ import annotations

import random
from collections.abc import Iterator


def delays(first: float, most: float) -> Iterator[float]:
    """Yield seconds for ever: `first`, doubled each time up to `most`, each with some jitter."""
    delay = first
    while True:
        yield delay * random.uniform(0.75, 1.0)
        delay = min(delay * 2, most)
