"""Certificates that are trusted beside the system's store, wherever they are mounted.

PODLANE_CERTIFICATES names a PEM file, or a folder of them as a ConfigMap or Secret is mounted
(`podlane deploy apply --ca-file`). An image may hold more in BAKED, which is where the `certs/` of
its /etc/gitlab-runner leads: a ConfigMap that is mounted there hides the link, but not the files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from podlane.errors import ConfigError

FOLDER = "PODLANE_CERTIFICATES"
BAKED = Path("/usr/local/share/podlane/certs")
_ENDS = (".crt", ".pem", ".cer", ".cert")


def own_files(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """The files that PODLANE_CERTIFICATES means; ConfigError where nothing is there to be read."""
    named = environ.get(FOLDER, "")
    if not named:
        return ()
    place = Path(named)
    try:
        found = sorted(place.iterdir()) if place.is_dir() else [place]
        files = tuple(one for one in found if one == place or one.name.lower().endswith(_ENDS))
        missing = next((one for one in files if not one.is_file()), None)
    except OSError as error:
        raise _unusable(named, error.strerror or str(error)) from error
    if missing is not None:
        raise _unusable(str(missing), "there is no such file")
    return files


def own_certificates(environ: Mapping[str, str] = os.environ) -> str:
    """Their PEM texts, one after the other; "" where there are none."""
    texts = []
    for file in own_files(environ):
        try:
            texts.append(file.read_text().strip() + "\n")
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(str(file), str(error)) from error
    return "".join(texts)


def baked_beside(folder: Path, baked: Path = BAKED) -> tuple[str, ...]:
    """The names of the image's own certificates that do not lie in `certs/` of `folder`, where
    config.toml is: something is mounted over them, or the config is somewhere else."""
    if not baked.is_dir():
        return ()
    return tuple(
        sorted(one.name for one in baked.iterdir() if not (folder / "certs" / one.name).exists())
    )


def _unusable(name: str, why: str) -> ConfigError:
    return ConfigError(
        f"cannot use the certificates of {name}: {why}",
        hint=f"{FOLDER} names a file of PEM text, or a folder of `.crt` or `.pem` files",
        reference="certificates",
    )
