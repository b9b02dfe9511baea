"""`make soak N=500 SEED=1`: on the real cluster; a run of 500 jobs and more writes its page."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sys
import tempfile
from pathlib import Path

from harness import cluster, gitlab
from soak import drive, report

PAGE = Path(__file__).parents[2] / "docs/reference/soak.md"
_LONG = 500


async def main() -> int:
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # calls that we cut ourselves
    count, seed = int(os.environ.get("N", "40")), int(os.environ.get("SEED", "1"))
    with tempfile.TemporaryDirectory(prefix="podlane-soak-") as folder:
        repository = gitlab.make_repository(Path(folder) / "demo")
        name = f"soak-{secrets.token_hex(3)}"
        async with cluster.namespace(name, Path(folder), repository) as stage:
            result = await drive.soak(stage, count, seed)
            if result.wrong:
                (PAGE.parents[2] / "soak-manager.log").write_text(
                    (stage.folder / "manager/manager.log").read_text()
                )
    print(report.table(result))
    for one in result.wrong:
        print(f"wrong: {one}")
    if count >= _LONG:
        PAGE.write_text(report.page(result))
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
