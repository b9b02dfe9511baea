"""Programs of others that tests run, built once from their Go modules, outside any checkout."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

from stores.process import CACHE, NotHere


def path(name: str, folder: Path, module: str) -> Path:
    """Where the program is, or will be."""
    return CACHE / f"{name}-{version(folder, module)}"


def build(name: str, folder: Path, module: str, package: str, flags: str = "-s -w") -> Path:
    """Build `package` with what `folder`'s go.mod pins; `module` tells its version. NotHere where
    there is no Go, or it cannot be built."""
    found = path(name, folder, module)
    if found.exists():
        return found
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise NotHere(f"{name} is built from its Go module, and there is no Go here")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            fresh = found.with_suffix(".new")
            words = [go, "build", "-ldflags", flags, "-o", str(fresh), package]
            env = {**os.environ, "CGO_ENABLED": "0"}
            done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)
            if done.returncode:
                raise NotHere(f"{name} cannot be built here: {done.stderr[-500:]}")
            fresh.rename(found)
    return found


def version(folder: Path, module: str) -> str:
    """Of a module, by go.mod."""
    text = (folder / "go.mod").read_text()
    found = re.search(rf"{re.escape(module)} (v\S+)", text)
    assert found is not None, module
    return found[1]
