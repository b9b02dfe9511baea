"""`podlane`: the helper starts at once, everything else goes through the table of commands."""

from __future__ import annotations


def main() -> None:
    raise SystemExit("not built yet")
