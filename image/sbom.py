"""Prints a bill of materials (CycloneDX, JSON): podlane, the Python packages that its lock file
pins, the Debian packages that dpkg knows. Standard library only: it runs while the image is made.

    sbom.py PROJECT DPKG_STATUS
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

Component = dict[str, Any]
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def bill(project: Path, status: str) -> dict[str, Any]:
    """No time and no serial number: the same sources are the same bill."""
    own = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    components = [
        *python_packages((project / "requirements-core.lock").read_text()),
        *debian_packages(status),
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": _component("application", own["name"], own["version"], "pypi")
            | {"licenses": [{"license": {"id": own["license"]}}]}
        },
        "components": components,
    }


def python_packages(lock: str) -> Iterator[Component]:
    """What the lock pins, each with the hashes that it may have."""
    starts = list(_PINNED.finditer(lock))
    ends = [*(found.start() for found in starts[1:]), len(lock)]
    for found, end in zip(starts, ends, strict=True):
        hashes = _HASH.findall(lock[found.end() : end])
        yield _component("library", found[1], found[2], "pypi") | {
            "properties": [{"name": "podlane:sha256", "value": value} for value in hashes]
        }


def debian_packages(status: str) -> Iterator[Component]:
    for paragraph in status.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.MULTILINE))
        if fields.get("Status") == "install ok installed":
            made = _component("library", fields["Package"], fields["Version"], "deb/debian")
            made["purl"] += f"?arch={fields['Architecture']}&distro=bookworm"
            yield made


def _component(kind: str, name: str, version: str, registry: str) -> Component:
    purl = f"pkg:{registry}/{name}@{quote(version, safe='')}"
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


def main() -> None:
    project, status = map(Path, sys.argv[1:3])
    json.dump(bill(project, status.read_text()), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
