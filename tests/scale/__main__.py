"""`make scale JOBS="250 1000 5000"`: measures each, and writes a section of measured.md."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from scale import cluster, measure, report

PAGE = Path(__file__).parents[2] / "docs/reference/measured.md"


async def main() -> None:
    counts = [int(word) for word in os.environ.get("JOBS", "1000").split()]
    found = []
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="podlane-scale-") as name:
            folder, nodes = Path(name), count // cluster.PODS_PER_NODE + 1
            async with cluster.started(folder, nodes) as fake:
                found.append(await measure.measure(fake, folder, count))
        print(report.table(found), flush=True)
    PAGE.write_text(report.placed(PAGE.read_text(), report.section(found)))


if __name__ == "__main__":
    asyncio.run(main())
