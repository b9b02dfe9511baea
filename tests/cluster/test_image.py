"""The image that the cluster runs: how large, made by which steps, and run by any user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from harness import wait
from harness.certificates import authority
from harness.cluster import IMAGE, RealCluster, kubeconfig
from image.containerfile import ROOT, Stage, stages
from podlane.clients.http.own_certificates import baked_beside

MOST_BYTES = 250_000_000
ANY_USER = 1_234_567
Listing = set[tuple[str, int, str]]


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """The layers of the image as the node has it, the bottom one first."""
    folder = tmp_path_factory.mktemp("exported")
    socket = kubeconfig().parent / "containerd.sock"
    name = f"docker.io/library/{IMAGE}"
    node = ["ctr", "-a", str(socket), "-n", "k8s.io", "images", "export", "-", name]
    with subprocess.Popen(node, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            archive.extractall(folder, filter="fully_trusted")
    index = json.loads((folder / "index.json").read_text())
    manifest = _blob(folder, index["manifests"][0]["digest"])
    yield [_place(folder, one["digest"]) for one in manifest["layers"]]
    shutil.rmtree(folder)


def _place(folder: Path, digest: str) -> Path:
    return folder / "blobs" / digest.replace(":", "/")


def _blob(folder: Path, digest: str) -> dict[str, Any]:
    return dict(json.loads(_place(folder, digest).read_text()))


def test_it_is_small(layers: list[Path]) -> None:
    assert sum(_unpacked(one) for one in layers) <= MOST_BYTES


def _unpacked(layer: Path) -> int:
    with tarfile.open(layer) as archive:
        return sum(member.size for member in archive)


def test_the_containerfiles_steps_make_the_same_files(layers: list[Path], tmp_path: Path) -> None:
    """Run in a copy of its Debian. Two steps cannot be had without a container engine: Debian's own
    base image, and `pip`, which installs Debian's pip; that of the suite takes its place."""
    root = tmp_path / "root"
    with tarfile.open(layers[0]) as archive:
        archive.extractall(root, filter="fully_trusted")
    (root / "dev/null").touch()  # the script writes to it; a container has it
    before = listed(root)
    found = {stage.name: stage for stage in stages()}
    build(found["system"], root)
    assert listed(root) == before
    for stage, layer in zip(("dependencies", "program"), layers[1:], strict=True):
        build(found[stage], root)
        with tarfile.open(layer) as archive:
            packed = {_entry(member) for member in archive if member.name != "."}
        made = listed(root / "layer")
        assert made - packed == set()
        assert packed - made == set()
        shutil.rmtree(root / "layer")


def build(stage: Stage, root: Path) -> None:
    """Carry out a stage's instructions as a container engine would, in its root."""
    for word, rest in stage.instructions:
        words = rest.split()
        if word == "COPY":
            copy(words[:-1], root / words[-1].lstrip("/"))
        elif words[2] == "dependencies":
            environ = os.environ | {"PIP": f"{sys.executable} -m pip"}
            place = [str(root / word.lstrip("/")) for word in words[1:] if word.startswith("/")]
            subprocess.run(["sh", place[0], "dependencies", place[1]], check=True, env=environ)
        elif words[2] != "pip":
            subprocess.run(["chroot", str(root), *words], check=True)


def copy(names: list[str], to: Path) -> None:
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to, dirs_exist_ok=True)
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to)


def listed(root: Path) -> Listing:
    """Every path with its mode and where a link leads."""
    found: Listing = set()
    for here, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(here, name)
            link = str(path.readlink()) if path.is_symlink() else ""
            mode = 0 if path.is_symlink() else path.lstat().st_mode & 0o7777
            found.add((str(path.relative_to(root)), mode, link))
    return found


def _entry(member: tarfile.TarInfo) -> tuple[str, int, str]:
    link = member.linkname if member.issym() else ""
    return member.name.removeprefix("./"), 0 if member.issym() else member.mode, link


def test_an_image_made_from_it_trusts_what_it_is_given(layers: list[Path], tmp_path: Path) -> None:
    """The instructions of docs/image.md, and a certificate in gitlab-runner's own place."""
    root, ca = tmp_path / "root", authority()
    for layer in layers:
        with tarfile.open(layer) as archive:
            archive.extractall(root, filter="fully_trusted")
    (root / "dev/null").touch()
    (root / "usr/local/share/ca-certificates/corporate-ca.crt").write_text(ca.pem)
    (root / "gitlab.test.crt").write_text(ca.pem)
    count = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    before = int(in_root(root, "python3", "-c", count))
    in_root(root, "update-ca-certificates")
    assert int(in_root(root, "python3", "-c", count)) == before + 1
    assert ca.pem in (root / "etc/ssl/certs/ca-certificates.crt").read_text()
    in_root(root, "cp", "/gitlab.test.crt", "/etc/gitlab-runner/certs/")
    shutil.rmtree(root / "etc/gitlab-runner")  # what a mount hides
    baked = root / "usr/local/share/podlane/certs"
    assert baked_beside(root / "etc/gitlab-runner", baked) == ("gitlab.test.crt",)


def in_root(root: Path, *words: str) -> str:
    done = subprocess.run(["chroot", str(root), *words], check=True, capture_output=True)
    return done.stdout.decode()


CHECK = """
set -e
gitlab-runner --version | head -n 1
git --version
git lfs version
git init -q /work/repository && cd /work/repository
git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first
git submodule status
python3 -c 'import ssl; print(len(ssl.create_default_context().get_ca_certs()) > 100)'
python3 -c 'import json; print(json.load(open("/usr/share/podlane/sbom.cdx.json"))["bomFormat"])'
cat >/work/config.toml <<END_OF_CONFIG
[[runners]]
url = "http://127.0.0.1:1"
token = "t"
[runners.kubernetes]
host = "http://127.0.0.1:1"
END_OF_CONFIG
gitlab-runner run --config /work/config.toml 2>/dev/null &
until pgrep 'gitlab.*runner' >/dev/null; do :; done
echo found by its old name
"""


def trial(user: int | None) -> dict[str, Any]:
    confined: dict[str, Any] = {
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {
        "name": "trial",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", f"id -u; {CHECK}"],
        "securityContext": confined | ({} if user is None else {"runAsUser": user}),
        "volumeMounts": [{"name": "work", "mountPath": "/work"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "trial"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [container],
            "volumes": [{"name": "work", "emptyDir": {}}],
        },
    }


@pytest.mark.parametrize("user", [None, ANY_USER])
async def test_any_user_runs_it_on_a_root_that_cannot_be_written(
    stage: RealCluster, user: int | None
) -> None:
    await stage.enforce("restricted")
    await stage.create(trial(user))
    phase = ""

    async def has_ended() -> bool:
        nonlocal phase
        phase = await stage.kubectl("get", "pod", "trial", "-o", "jsonpath={.status.phase}")
        return phase in ("Succeeded", "Failed")

    await wait.until("the trial pod's end", has_ended, 60, 0.5)
    said = await stage.kubectl("logs", "trial")
    assert phase == "Succeeded", said
    lines = said.splitlines()
    assert lines[0] == str(user or 1000)
    for wanted in ("True", "CycloneDX", "found by its old name"):
        assert wanted in lines, said


async def test_what_a_mount_hides_is_said_at_start(stage: RealCluster) -> None:
    """A ConfigMap stands for the certificates that an image made from this one would hold."""
    host = '[runners.kubernetes]\nhost = "http://127.0.0.1:1"\n'
    config = f'[[runners]]\nurl = "http://127.0.0.1:1"\ntoken = "t"\n{host}'
    for name, key, text in (
        ("config", "config.toml", config),
        ("baked", "gitlab.test.crt", authority().pem),
    ):
        data = {"metadata": {"name": name}, "data": {key: text}}
        await stage.create({"apiVersion": "v1", "kind": "ConfigMap", **data})
    pod = trial(None)
    container = pod["spec"]["containers"][0]
    container["command"] = ["podlane", "run", "--config", "/etc/gitlab-runner/config.toml"]
    container["volumeMounts"] = [
        {"name": "config", "mountPath": "/etc/gitlab-runner"},
        {"name": "baked", "mountPath": "/usr/local/share/podlane/certs"},
    ]
    names = ("config", "baked")
    pod["spec"]["volumes"] = [{"name": name, "configMap": {"name": name}} for name in names]
    await stage.create(pod)
    said = ""

    async def is_said() -> bool:
        nonlocal said
        with suppress(RuntimeError):  # not started yet
            said = await stage.kubectl("logs", "trial")
        return "they are used all the same" in said

    await wait.until("the manager's word on certificates", is_said, 60, 0.5)
    assert "gitlab.test.crt" in said
