"""`make audit`: asks for advisories on what the lock files pin, and fails when there are any.

Where the advisories cannot be reached, it says so: nothing was audited, and that is no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FILES = ("requirements-core.lock", "requirements.lock")


def found(report: dict[str, Any]) -> tuple[list[str], int]:
    """The advisories, a line each, and for how many packages there was an answer."""
    packages = report.get("dependencies", [])
    asked = [one for one in packages if "skip_reason" not in one]
    lines = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions'])}"
        for one in asked
        for hole in one.get("vulns", ())
    ]
    return lines, len(asked)


def _ask(name: str) -> dict[str, Any]:
    words = [str(Path(sys.executable).with_name("pip-audit")), "--disable-pip", "--require-hashes"]
    words += ["--progress-spinner", "off", "-f", "json", "-r", str(ROOT / name)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:  # it could not even ask
        print(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no answer")
        return {}
    return report


def main() -> int:
    trouble: list[str] = []
    for name in FILES:
        lines, asked = found(_ask(name))
        trouble += lines
        print(f"{name}: {asked} packages audited, {len(lines)} advisories")
        if not asked:
            print("the advisories cannot be reached from here: nothing was audited")
    print("\n".join(sorted(set(trouble))))
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
