"""A CA that nobody else knows, handed over once: GitLab, the API server, S3 and a fourth server."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
import tomlkit

from harness import gitlab
from harness.certificates import Authority, authority
from harness.cluster import BRIDGE, IMAGE, kubectl
from harness.gitlab import Gitlab
from harness.http_server import Call, Said, Server, serve
from harness.relay import relay
from harness.scenario import JobSpec
from harness.shell import podlane
from podlane.local.coordinator import Coordinator, CoordinatorJob
from stores import s3

API = ("127.0.0.1", 6443)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


@pytest.fixture
async def namespace(stack: AsyncExitStack) -> str:
    """With an account that may do what a manager does; the API is reached by its token."""
    name = f"certificates-{secrets.token_hex(4)}"
    await kubectl("create", "namespace", name)
    stack.push_async_callback(kubectl, "delete", "namespace", name, "--wait=false")
    await kubectl("-n", name, "create", "serviceaccount", "manager")
    admin = ("--clusterrole=admin", f"--serviceaccount={name}:manager")
    await kubectl("-n", name, "create", "rolebinding", "manager", *admin)
    return name


async def behind_tls(
    stack: AsyncExitStack, ca: Authority, to: tuple[str, int], onward: ssl.SSLContext | None = None
) -> str:
    port = await stack.enter_async_context(relay(BRIDGE, to, ca.server(BRIDGE), onward))
    return f"{BRIDGE}:{port}"


async def served(
    stack: AsyncExitStack, ca: Authority, root: Path, repository: Path, patch: pytest.MonkeyPatch
) -> Gitlab:
    """GitLab that knows itself by its https URL."""
    found = await stack.enter_async_context(gitlab.serve(root, repository, BRIDGE))
    place = await behind_tls(stack, ca, (BRIDGE, found.coordinator.port))
    patch.setattr(Coordinator, "url", f"https://{place}")
    return found


def fourth(stack: AsyncExitStack, ca: Authority, folder: Path, repository: Path) -> Server:
    """A repository as plain files, by git's oldest protocol."""
    clone = ["git", "clone", "--quiet", "--bare", str(repository), str(folder)]
    subprocess.run(clone, check=True)
    subprocess.run(["git", "-C", str(folder), "update-server-info"], check=True)

    def answer(call: Call) -> Said:
        file = folder / urlsplit(call.path).path.removeprefix("/other.git/")
        return Said(body=file.read_bytes()) if file.is_file() else Said(404)

    return stack.enter_context(serve(answer, ca.server(BRIDGE), host=BRIDGE))


async def config(
    stack: AsyncExitStack, ca: Authority, folder: Path, known: tuple[str, str], namespace: str
) -> Path:
    """`known`: GitLab's URL and the runner's token."""
    unverified = ssl._create_unverified_context()  # the test's own cluster
    api = await behind_tls(stack, ca, API, unverified)
    start = s3.versitygw if s3.is_built() else s3.moto
    store = stack.enter_context(start(folder / "s3", BRIDGE))
    place = await behind_tls(stack, ca, (store.host, store.port))
    port = int(place.rpartition(":")[2])
    cache = msgspec.structs.replace(store, port=port).config()
    cache["s3"]["Insecure"] = False
    token = await kubectl("-n", namespace, "create", "token", "manager", "--duration=1h")
    kubernetes = {
        "host": f"https://{api}",
        "bearer_token": token.strip(),
        "namespace": namespace,
        "image": "debian-git:1",
        "pull_policy": ["if-not-present"],
    }
    url, own = known
    runner: dict[str, object] = {"name": "r", "executor": "kubernetes", "url": url, "token": own}
    runner |= {"feature_flags": {"FF_TIMESTAMPS": False}}
    whole = {
        "concurrent": 4,
        "check_interval": 1,
        "runners": [runner | {"kubernetes": kubernetes, "cache": cache}],
    }
    path = folder / "config.toml"
    path.write_text(tomlkit.dumps(whole))
    return path


async def finished(job: CoordinatorJob) -> str:
    async with asyncio.timeout(120):
        await job.finished.wait()
    return job.trace.decode()


def first(url: str) -> JobSpec:
    python = f"import urllib.request as u; print('python', u.urlopen('{url}/HEAD').status)"
    look = "import urllib.request as u; print(u.urlopen('http://look:8080/ca-bundle.crt').status)"
    return JobSpec(
        name="first",
        script=(
            f"git ls-remote {url} refs/heads/main",
            f'python3 -c "{python}"',
            f'! env -u SSL_CERT_FILE python3 -c "{python}" 2>untrusted',
            "grep -o CERTIFICATE_VERIFY_FAILED untrusted | head -n 1",
            f'python3 -c "{look}"',
            "mkdir kept && echo content >kept/file",
        ),
        variables={"PODLANE": "1"},
        cache=({"key": "one", "paths": ["kept/"]},),
        artifacts={"paths": ["kept/"]},
        services=(
            {
                "name": "busybox:1",
                "alias": "look",
                "command": ["sh", "-c", 'exec httpd -f -p 8080 -h "${SSL_CERT_FILE%/*}"'],
                "variables": [{"key": "HEALTHCHECK_TCP_PORT", "value": "8080"}],
            },
        ),
    )


async def test_one_setting_reaches_everything(
    stack: AsyncExitStack,
    namespace: str,
    tmp_path: Path,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ca = authority()
    found = await served(stack, ca, tmp_path / "gitlab", repository, monkeypatch)
    other = fourth(stack, ca, tmp_path / "other.git", repository)
    own = found.coordinator.register_runner(description="r").token
    file = await config(stack, ca, tmp_path, (found.coordinator.url, own), namespace)

    ended = await podlane("verify", f"--config={file}")
    assert ended.code != 0
    assert "is not trusted" in ended.out + ended.err
    trusted = ca.file(tmp_path)
    ended = await podlane("verify", f"--config={file}", PODLANE_CERTIFICATES=trusted)
    assert ended.code == 0, ended.out + ended.err

    place = (f"--namespace={namespace}", "--name=own-ca")
    words = (f"--config={file}", f"--image={IMAGE}", f"--ca-file={trusted}", "--ca-in-jobs")
    ended = await podlane("deploy", "apply", *place, *words)
    assert ended.code == 0, ended.out + ended.err
    job = found.enqueue(first(f"{other.url}/other.git"))
    trace = await finished(job)
    assert job.state == "success", trace
    for text in ("\trefs/heads/main", "\npython 200", "\nCERTIFICATE_VERIFY_FAILED", "\n200"):
        assert text in trace, trace
    assert "Uploaded " in trace
    assert "archive" in job.artifacts
    again = JobSpec(
        name="again", script=("cat kept/file",), cache=({"key": "one", "paths": ["kept/"]},)
    )
    job = found.enqueue(again)
    trace = await finished(job)
    assert job.state == "success", trace
    assert "Successfully extracted cache" in trace

    await upgraded_without_jobs(place)
    job = found.enqueue(JobSpec(name="not asked", script=('echo "[${SSL_CERT_FILE-}]"',)))
    trace = await finished(job)
    assert (job.state, "\n[]" in trace) == ("success", True), trace


async def upgraded_without_jobs(place: tuple[str, str]) -> None:
    """Take the one variable away by which jobs get the certificates."""
    name, namespace = "own-ca", place[0].partition("=")[2]
    patch = {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "manager",
                            "env": [{"name": "PODLANE_CERTIFICATES_IN_JOBS", "$patch": "delete"}],
                        }
                    ]
                }
            }
        }
    }
    words = ("patch", f"deployment/{name}", "--type=strategic", "-p", json.dumps(patch))
    await kubectl("-n", namespace, *words)
    await kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=60s")
