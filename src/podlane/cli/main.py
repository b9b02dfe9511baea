"""`podlane`: the helper starts at once, everything else goes through the table of commands."""

from __future__ import annotations

import sys


def main() -> None:
    if sys.argv[1:2] == ["helper"]:
        from podlane.helper.main import main as helper

        sys.exit(helper(sys.argv[2:]))
    raise SystemExit("not built yet")
