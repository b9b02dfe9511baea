"""For arm64 every dependency has a wheel of its own or a pure one: `make wheels` has asked the
index by the hashes of the lock file, and what it found is kept beside the steps."""

from __future__ import annotations

import re

from image.containerfile import FOLDER, ROOT

LOCK = (ROOT / "requirements-core.lock").read_text()
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)
WHEELS = [line.split() for line in (FOLDER / "wheels-arm64.txt").read_text().splitlines()]
FITS = re.compile(r"-(py3|py2\.py3)-none-any\.whl$|-cp3\d+-(cp311|abi3)-manylinux\S*_aarch64\.whl$")


def test_every_dependency_has_a_wheel_that_fits() -> None:
    found = {}
    for digest, name in WHEELS:
        assert FITS.search(name), name
        assert f"--hash=sha256:{digest}" in LOCK, f"{name}: run `make wheels`"
        package, version = name.split("-")[:2]
        found[package.lower().replace("_", "-")] = version
    assert found == dict(PINNED.findall(LOCK)), "run `make wheels`"


def test_none_needs_a_newer_libc_than_the_images() -> None:
    """Debian bookworm has glibc 2.36."""
    for _, name in WHEELS:
        asked = [int(minor) for minor in re.findall(r"manylinux_2_(\d+)_", name)]
        assert not asked or min(asked) <= 36
