"""`make fuzz SECONDS=20`: each target for so long, from another beginning each time.

A case that breaks something is kept in `corpus/`, where the suite plays it from then on.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import traceback
from pathlib import Path
from random import Random

from fuzz.targets import TARGETS, Target

CORPUS = Path(__file__).parent / "corpus"


def run(name: str, target: Target, seconds: float, seed: int) -> int:
    """How many cases broke something; each is written down once for a kind of trouble."""
    dice, until, count = Random(f"{name} {seed}"), time.monotonic() + seconds, 0
    seen: set[str] = set()
    while time.monotonic() < until:
        case = target.make(dice)
        count += 1
        try:
            target.play(case)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            place = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} in {place.filename}:{place.lineno}"
            if kind not in seen:
                seen.add(kind)
                print(f"{name}: {kind}: {error}\n  kept as {_keep(name, case)}")
    print(
        f"{name}: {count} cases in {seconds:.0f} s from seed {seed}, {len(seen)} kinds of trouble"
    )
    return len(seen)


def _keep(name: str, case: bytes) -> Path:
    file = CORPUS / name / hashlib.sha256(case).hexdigest()[:12]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(case)
    return file


if __name__ == "__main__":
    length = float(os.environ.get("SECONDS_EACH", "20"))
    beginning = int(os.environ.get("SEED") or time.time())
    wanted = os.environ.get("TARGET", "").split() or list(TARGETS)
    sys.exit(1 if sum(run(name, TARGETS[name], length, beginning) for name in wanted) else 0)
