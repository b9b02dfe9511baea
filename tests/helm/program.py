"""The real helm, built once from its Go module and kept outside any checkout: `make helm`."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

from stores.process import CACHE, NotHere

FOLDER = Path(__file__).parent
_KUBERNETES = "helm.sh/helm/v3/pkg/{}.k8sVersion{}={}"


def is_built() -> bool:
    return program().exists()


def program() -> Path:
    return CACHE / f"helm-{_version('helm.sh/helm/v3')}"


def build() -> Path:
    """The program, built if it is not there yet; NotHere where there is no Go."""
    found = program()
    if is_built():
        return found
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise NotHere("helm is built from its Go module, and there is no Go here")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "helm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            _go_build(go, found)
    return found


def _go_build(go: str, found: Path) -> None:
    """With the version of Kubernetes that its libraries are of, as its makers build it."""
    fresh = found.with_suffix(".new")
    major, minor = "1", _version("k8s.io/api").split(".")[1]
    flags = [
        "-s -w",
        f"-X helm.sh/helm/v3/internal/version.version={_version('helm.sh/helm/v3')}",
        *(
            f"-X {_KUBERNETES.format(package, part, number)}"
            for package in ("chartutil", "lint/rules")
            for part, number in (("Major", major), ("Minor", minor))
        ),
    ]
    words = [go, "build", "-ldflags", " ".join(flags), "-o", str(fresh), "helm.sh/helm/v3/cmd/helm"]
    env = {**os.environ, "CGO_ENABLED": "0"}
    done = subprocess.run(words, cwd=FOLDER, env=env, capture_output=True, text=True)
    if done.returncode:
        raise NotHere(f"helm cannot be built here: {done.stderr[-500:]}")
    fresh.rename(found)


def _version(module: str) -> str:
    """Of a module, by go.mod."""
    text = (FOLDER / "go.mod").read_text()
    found = re.search(rf"{re.escape(module)} (v\S+)", text)
    assert found is not None, module
    return found[1]
