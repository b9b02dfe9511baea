"""`podman build` and `push` where there is no container engine: by the real cluster's containerd.

Of a Containerfile it knows FROM, USER, COPY and RUN, which is what an image made from podlane's
needs. The image is in the node at once, so there is nothing to push.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.cluster import kubeconfig

_HUB = "docker.io/library"


def main(words: list[str]) -> None:
    match words:
        case ["build", "-t", name, folder]:
            build(name, Path(folder))
        case ["push", name]:
            assert _full(name) in _ctr("images", "ls", "-q").decode().split(), f"no image {name}"
        case _:
            raise SystemExit(f"this podman does not know: {' '.join(words)}")


def build(name: str, folder: Path) -> None:
    lines = (folder / "Containerfile").read_text().splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line.strip()]
    (word, base), *rest = steps
    assert word == "FROM", word
    with tempfile.TemporaryDirectory() as work, _mounted(base, Path(work) / "root") as root:
        for word, what in rest:
            match word:
                case "COPY":
                    source, target = what.split()
                    place = root / target.lstrip("/")
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copy(folder / source, place)
                case "RUN":
                    subprocess.run(["chroot", str(root), "sh", "-ec", what], check=True)
                case "USER":
                    pass  # the base's own at the end; root before it
                case _:
                    raise SystemExit(f"this podman does not know {word}")
        layer = gzip.decompress(_ctr("snapshots", "diff", str(root)))
        whole = Path(work) / "image.tar"
        _ctr("images", "export", str(whole), _full(base))
        _add(whole, _without_devices(layer), _full(name))
        _ctr("images", "import", str(whole))


def remove(name: str) -> None:
    """Take an image away; that it is not there does not matter."""
    _ctr("images", "rm", _full(name))


@contextmanager
def _mounted(image: str, root: Path) -> Iterator[Path]:
    root.mkdir()
    _ctr("images", "mount", "--rw", _full(image), str(root))
    try:
        yield root
    finally:
        _ctr("images", "unmount", "--rm", str(root))


def _add(image: Path, layer: bytes, name: str) -> None:
    """Make the exported image one with a layer more and another name."""
    digest = hashlib.sha256(layer).hexdigest()
    with tarfile.open(image) as tar:
        kept = {one.name: tar.extractfile(one) for one in tar.getmembers() if one.isfile()}
        files = {key: file.read() for key, file in kept.items() if file is not None}
    manifest: dict[str, Any] = json.loads(files["manifest.json"])[0]
    config = json.loads(files[manifest["Config"]])
    config["rootfs"]["diff_ids"].append(f"sha256:{digest}")
    files[f"{digest}.tar"] = layer
    files["config.json"] = json.dumps(config).encode()
    layers = [*manifest["Layers"], f"{digest}.tar"]
    made = {"Config": "config.json", "RepoTags": [name], "Layers": layers}
    files["manifest.json"] = json.dumps([made]).encode()
    with tarfile.open(image, "w") as tar:
        for key in ("config.json", *layers, "manifest.json"):
            _put(tar, key, files[key])


def _without_devices(layer: bytes) -> bytes:
    """A chroot has no /dev of its own: what was written there is no part of the image."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(layer)) as old, tarfile.open(fileobj=out, mode="w") as new:
        for one in old.getmembers():
            if not one.name.startswith("dev"):
                new.addfile(one, old.extractfile(one) if one.isfile() else None)
    return out.getvalue()


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def _full(name: str) -> str:
    return f"{_HUB}/{name}"


def _ctr(*words: str) -> bytes:
    socket = kubeconfig().parent / "containerd.sock"
    command = ["ctr", "-a", str(socket), "-n", "k8s.io", *words]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    main(sys.argv[1:])
