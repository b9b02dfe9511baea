"""`make explore`: further than the suite does."""

from __future__ import annotations

import sys

from exploration.search import Setting, explore

SETTINGS = (
    Setting(crashes=2, losses=2, managers=2),
    Setting(crashes=1, losses=1, managers=2, has_choice=True),
    Setting(crashes=1, losses=1, managers=2, hand_outs=2),
    Setting(crashes=2, losses=2, managers=1, has_choice=True),
    Setting(crashes=2, losses=2, managers=1, is_refused=True),
    Setting(crashes=0, losses=2, managers=2, cancels=True),
)


def main() -> int:
    faults = 0
    for setting in SETTINGS:
        found = explore(setting)
        print(f"{setting}: {found.states} states, {found.seconds:.1f} s", flush=True)
        if found.fault:
            faults += 1
            print("\n".join((f"FAULT: {found.fault}", *found.way)), flush=True)
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
