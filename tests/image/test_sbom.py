"""The bill of materials names podlane, what its lock file pins and what dpkg knows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from image.containerfile import FOLDER, ROOT

STATUS = """\
Package: git
Status: install ok installed
Architecture: amd64
Version: 1:2.39.5-0+deb12u2
Description: a tool
 with more: lines

Package: perl
Status: deinstall ok config-files
Architecture: amd64
Version: 5.36.0-7
"""


def bill(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "status").write_text(STATUS)
    command = [sys.executable, str(FOLDER / "sbom.py"), str(ROOT), str(tmp_path / "status")]
    done = subprocess.run(command, check=True, capture_output=True)
    return dict(json.loads(done.stdout))


def test_it_names_what_is_in_the_image(tmp_path: Path) -> None:
    made = bill(tmp_path)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["component"]["name"] == "podlane"
    found = {one["name"]: one for one in made["components"]}
    assert found["git"]["purl"] == (
        "pkg:deb/debian/git@1%3A2.39.5-0%2Bdeb12u2?arch=amd64&distro=bookworm"
    )
    assert "perl" not in found  # taken away again
    assert found["aiohttp"]["purl"].startswith("pkg:pypi/aiohttp@3.")
    lock = (ROOT / "requirements-core.lock").read_text()
    assert found.keys() - {"git"} == set(re.findall(r"^([a-z0-9._-]+)==", lock, re.MULTILINE))
    for one in found.values():
        for entry in one.get("properties", ()):
            assert f"sha256:{entry['value']}" in lock


def test_references_are_unique(tmp_path: Path) -> None:
    names = [one["bom-ref"] for one in bill(tmp_path)["components"]]
    assert len(names) == len(set(names))
