"""Packs folders as a docker-archive, without a daemon: one layer a folder, the bottom one first.

The caller keeps layers as tar files (`layer`), so that a change at the top costs the top alone.
The bytes of a layer depend on the folder's contents only, not on who packed it nor when.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ordered(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uname = member.gname = ""
    member.mtime = int(member.mtime)
    return member


def layer(folder: Path, out: Path) -> None:
    """Write FOLDER as the tar of one layer; it appears at OUT only when it is whole."""
    partial = out.with_suffix(".partial")
    with tarfile.open(partial, mode="w", format=tarfile.GNU_FORMAT) as tar:
        tar.add(folder, arcname=".", filter=_ordered)
    partial.rename(out)


def described(containerfile: str) -> dict[str, Any]:
    """How the image of a Containerfile is run: what its last stage says."""
    lines = [line.partition(" ") for line in containerfile.splitlines()]
    last = max(number for number, (word, _, _) in enumerate(lines) if word == "FROM")
    said = [(word, rest.strip()) for word, _, rest in lines[last:]]
    one = dict(said)
    return {
        "User": one["USER"],
        "Env": [rest for word, rest in said if word == "ENV"],
        "Entrypoint": json.loads(one["ENTRYPOINT"]),
        "Cmd": json.loads(one["CMD"]),
    }


def _put(tar: tarfile.TarFile, name: str, document: object) -> None:
    data = json.dumps(document).encode()
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def archive(out: Path, name: str, layers: list[Path], asked: argparse.Namespace) -> None:
    """Write the image NAME, made of LAYERS, for `ctr images import`."""
    config = {
        "User": asked.user,
        "Env": [SEARCH_PATH],
        "Entrypoint": asked.entrypoint or None,
        "Cmd": None if asked.entrypoint else ["sh"],
    }
    if asked.containerfile:
        config = described(asked.containerfile.read_text())
    digests = [_digest(path) for path in layers]
    image = {
        "architecture": "amd64",
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
    }
    files = [f"{digest}.tar" for digest in digests]
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": files}]
    with tarfile.open(out, "w") as tar:
        for path, file in zip(layers, files, strict=True):
            tar.add(path, arcname=file)
        _put(tar, "config.json", image)
        _put(tar, "manifest.json", manifest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("layer", help="a folder as a layer")
    one.add_argument("folder", type=Path)
    one.add_argument("out", type=Path)
    whole = commands.add_parser("image", help="layers as an image")
    whole.add_argument("out", type=Path)
    whole.add_argument("name")
    whole.add_argument("layers", type=Path, nargs="+")
    whole.add_argument("--entrypoint", action="append", default=[])
    whole.add_argument("--user", default="")
    whole.add_argument("--containerfile", type=Path, help="its USER, ENV, ENTRYPOINT and CMD count")
    asked = parser.parse_args()
    if asked.command == "layer":
        layer(asked.folder, asked.out)
    else:
        archive(asked.out, asked.name, asked.layers, asked)


if __name__ == "__main__":
    main()
