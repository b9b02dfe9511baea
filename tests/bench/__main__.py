"""Measures podlane on the real cluster (`make bench`) and writes docs/reference/measured.md."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from pathlib import Path

from bench import measure, report
from harness import cluster, gitlab
from scale.report import MARK

PAGE = Path(__file__).parents[2] / "docs/reference/measured.md"


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="podlane-bench-") as folder:
        repository = gitlab.make_repository(Path(folder) / "demo", files=200)
        name = f"bench-{secrets.token_hex(3)}"
        async with cluster.namespace(name, Path(folder), repository) as stage:
            figures = await measure.everything(stage)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    scale = PAGE.read_text().partition(MARK)[1:] if PAGE.exists() else ()
    PAGE.write_text("".join([report.page(figures), *scale]))
    print(report.table(figures))


if __name__ == "__main__":
    asyncio.run(main())
