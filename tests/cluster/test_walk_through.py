"""docs/walk-through.md, played as it stands: from a token to a deployment and back to nothing."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import yaml

from harness import gitlab, podman
from harness.certificates import authority
from harness.cluster import BRIDGE, IMAGE, kubectl, kubectl_program
from harness.gitlab import Gitlab
from harness.relay import relay
from harness.scenario import JobSpec
from harness.walk import File, Section, Walk, read, steps, walk
from podlane.local.coordinator import Coordinator

PAGE = Path(__file__).parents[2] / "docs/walk-through.md"
TOKEN = "glrt-t1_s3vNpRxQ2kLm8TzYwJcB"
FILES = {
    "npm-auth.txt": "bnBtLXVzZXI6bnBtLXBhc3M",
    "npm-email.txt": "ci@example.com",
    ".gem/credentials": ":rubygems_api_key: gem-s3cret\n",
    ".m2/settings.xml": "<mvn-s3cret/>",
    "deployer/user": "deployer",
    "deployer/token": "deployer-s3cret",
    "deployer/ca": "deployer-ca",
    ".ssh/ci": "ssh-s3cret",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What the reader has: a few files, and the commands podlane, kubectl and podman."""
    folder = tmp_path / "home"
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    programs = folder / ".bin"
    programs.mkdir()
    (programs / "kubectl").symlink_to(kubectl_program())
    tests = Path(podman.__file__).parents[1]
    for name, module in (("podlane", "podlane"), ("podman", "harness.podman")):
        program = programs / name
        line = f'PYTHONPATH={tests} exec {sys.executable} -m {module} "$@"'
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    return folder


async def serve(
    stack: AsyncExitStack, home: Path, repository: Path, patch: pytest.MonkeyPatch
) -> Gitlab:
    """GitLab, whose certificate is of a CA that nobody knows."""
    ca = authority()
    (home / "corporate-ca.crt").write_text(ca.pem)
    served = await stack.enter_async_context(gitlab.serve(home / ".gitlab", repository, BRIDGE))
    place = (BRIDGE, served.coordinator.port)
    port = await stack.enter_async_context(relay(BRIDGE, place, ca.server(BRIDGE)))
    patch.setattr(Coordinator, "url", f"https://{BRIDGE}:{port}")
    served.coordinator.register_runner(TOKEN, description="walk")
    return served


def names(served: Gitlab, namespace: str, home: Path) -> dict[str, str]:
    """The page's names and ours."""
    return {
        "https://gitlab.example.com": served.coordinator.url,
        "gitlab.example.com": BRIDGE,
        "registry.example.com/podlane-corporate:1": f"podlane-{namespace}:1",
        "registry.example.com/podlane:0.1.0": IMAGE,
        "registry.example.com/tools:1": "tools:1",
        "my-ci": namespace,
        "/home/me": str(home),
    }


def environ(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("KUBECONFIG", "LANG") if name in os.environ}
    path = f"{home}/.bin:{os.environ['PATH']}"
    told = {"HOME": str(home), "PATH": path, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    return kept | told


async def run(served: Gitlab, spec: JobSpec) -> str:
    """Run a job to its success; its log."""
    job = served.enqueue(spec)
    async with asyncio.timeout(90):
        await job.finished.wait()
    log = job.trace.decode()
    assert job.state == "success", log
    return log


async def look(served: Gitlab, home: Path) -> None:
    """What GitLab would make of the page's .gitlab-ci.yml."""
    ((name, said),) = yaml.safe_load((home / ".gitlab-ci.yml").read_text()).items()
    spec = JobSpec(name=name, image=said["image"], script=tuple(said["script"]))
    log = await run(served, spec)
    wanted = ("ci@example.com", "settings.xml", "privateKey", "credentials", "token")
    assert all(text in log for text in wanted), log
    assert not any(text in log for text in FILES.values() if "s3cret" in text), log


def file_names(section: Section) -> list[str]:
    return [one.name for one in section.blocks if isinstance(one, File)]


Start = Callable[[], Awaitable[tuple[Gitlab, Walk]]]


@pytest.fixture
async def start(
    home: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """GitLab and the reader's shell; afterwards nothing of them is left."""
    async with AsyncExitStack() as stack:

        async def opened() -> tuple[Gitlab, Walk]:
            served = await serve(stack, home, repository, monkeypatch)
            namespace = f"walk-{secrets.token_hex(4)}"
            gone = ("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")
            stack.push_async_callback(kubectl, *gone)
            stack.callback(podman.remove, f"podlane-{namespace}:1")
            known = names(served, namespace, home)
            return served, await stack.enter_async_context(walk(home, known, environ(home)))

        yield opened


@pytest.mark.alone
async def test_the_page_is_true(start: Start, home: Path) -> None:
    served, walking = await start()
    for section in read(PAGE.read_text()):
        await walking.play(section)
        if ".gitlab-ci.yml" in file_names(section):
            await look(served, home)
    config = home / "config.toml"
    assert "[[runners]]" not in config.read_text()


WITHOUT_FILE = """\
$ sed -i /tls-ca-file/d config.toml
$ podlane deploy apply -n my-ci --image registry.example.com/podlane-corporate:1
…
The manager is ready: it takes jobs for my-runner.
…
$ kubectl -n my-ci get configmap podlane-certificates -o name --ignore-not-found
$ podlane deploy uninstall -n my-ci --now
…
Nothing of it is left in the cluster.
"""


async def test_the_page_s_own_image_is_all_that_it_takes(start: Start, home: Path) -> None:
    """The same, but GitLab's CA is in the image and nowhere else."""
    served, walking = await start()
    _, register, image, *_ = read(PAGE.read_text())
    await walking.play(register)
    await walking.play(image)
    apply, *rest = steps(WITHOUT_FILE)[1:]
    await walking.play(Section("", (steps(WITHOUT_FILE)[0], apply)))
    log = await run(served, JobSpec(name="look", script=("test -f README.md",)))
    assert "Checking out" in log
    await walking.play(Section("", tuple(rest)))
