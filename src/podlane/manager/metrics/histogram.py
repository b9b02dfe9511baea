"""A histogram in a few numbers: counts by upper bound, for each set of labels.

The Prometheus library has one too, and is loaded only where metrics are served.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

Labels = tuple[str, ...]
SECONDS = (0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1800)


class Histogram:
    """`bounds`: upper bounds, rising; what is above them all is counted as well."""

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, labels: Labels, value: float) -> None:
        counts = self._counts.setdefault(labels, [0] * (len(self.bounds) + 1))
        counts[bisect_left(self.bounds, value)] += 1
        self._sums[labels] = self._sums.get(labels, 0.0) + value

    def rows(self) -> Iterator[tuple[Labels, list[tuple[str, float]], float]]:
        """For each set of labels: how many were at most each bound, and the sum of all."""
        for labels, counts in self._counts.items():
            total, buckets = 0, []
            for bound, count in zip((*self.bounds, None), counts, strict=True):
                total += count
                buckets.append(("+Inf" if bound is None else f"{float(bound)}", float(total)))
            yield labels, buckets, self._sums[labels]
