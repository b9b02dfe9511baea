"""The configuration of a real team's runner, story/config.toml, with its values filled in.

Real are the API server, kubectl, git, ssh, ssh-agent, sshd, the registry and the object store. npm,
ruby and mvn are stand-ins in the image tools:1, which know where their originals look.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from harness import cluster, gitlab, manager
from harness.cluster import BRIDGE, RealCluster
from harness.gitlab import PROJECT
from harness.look import find
from harness.play import Play
from harness.scenario import JobSpec
from stores import s3
from stores.s3 import S3

CONFIG = (Path(__file__).parent / "story/config.toml").read_text()
FLAT = CONFIG.replace("    [runners.cache.s3]\n", "")  # where the keys of S3 once stood
API = f"https://{BRIDGE}:6443"
BUCKET = "my-ci-caches"
NPM, GEM, MVN = "bnBtLXVzZXI6bnBtLXBhc3M", "---\n:rubygems_api_key: gem-s3cret\n", "<mvn-s3cret/>"
AMOUNTS = {
    "limits": {"cpu": "300", "memory": "1000Mi"},
    "requests": {"cpu": "100m", "memory": "100Mi"},
}
TIMESTAMP = re.compile(r"^\S+Z [0-9a-f]{2}[OE][ +]", re.MULTILINE)
TOOLS = (
    "npm config get _auth | sha256sum",
    "npm config get email",
    "ruby | sha256sum",
    "mvn | sha256sum",
    "kubectl config current-context",
    "kubectl -n $TEAM_NAMESPACE get configmap for-the-job -o 'jsonpath={.data.word}'; echo",
    "ssh-add -l | cut -d' ' -f3-",
    'kill -0 "$SSH_AGENT_PID" && echo "the agent lives"',
    "git commit -q --allow-empty -m pushed",
    'git push -q "$push_url" HEAD:refs/heads/pushed',
    'git ls-remote "$push_url" pushed | cut -f2',
    "git log -1 --format='%an <%ae>'",
    "mkdir -p deps && echo packed > deps/file",
)
SSHD = (
    "mkdir -p /home/git/.ssh",
    f"git init -q --bare /home/git/{PROJECT}.git",
    'echo "$AUTHORIZED_KEY" > /home/git/.ssh/authorized_keys',
    "chown -R git:git /home/git",
    "ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/key",
    "exec /usr/sbin/sshd -D -e -f /dev/null -h /etc/ssh/key",
)


def sha(text: str) -> str:
    return f"{hashlib.sha256(text.encode()).hexdigest()}  -"


@dataclass
class Keys:
    """The key pair that pushes, and the tokens of three service accounts."""

    private: str
    public: str
    manager: str = ""
    deployer: str = ""

    def secrets(self, store: S3) -> Iterator[str]:
        """What no log may hold."""
        yield from (NPM, "gem-s3cret", "mvn-s3cret", self.manager, self.deployer)
        yield from (store.access_key, store.secret_key)
        yield from self.private.splitlines()[1:-1]
        yield base64.b64encode(self.private.encode()).decode()


def make_keys() -> Keys:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return Keys(private, public)


async def prepare(stage: RealCluster) -> Keys:
    """Make what the team has in its namespace: accounts, their rights, and five Secrets."""
    keys = make_keys()
    for name in ("manager", "gitlab-runner", "deployer"):
        await stage.kubectl("create", "serviceaccount", name)
    verbs = "--verb=create,get,list,watch,patch,delete"
    await stage.kubectl("create", "role", "manager", verbs, "--resource=pods,secrets,events")
    await stage.kubectl("create", "role", "deployer", "--verb=get", "--resource=configmaps")
    for name in ("manager", "deployer"):
        account = f"--serviceaccount={stage.namespace}:{name}"
        await stage.kubectl("create", "rolebinding", name, f"--role={name}", account)
    keys.manager = (await stage.kubectl("create", "token", "manager")).strip()
    keys.deployer = (await stage.kubectl("create", "token", "deployer")).strip()
    await stage.kubectl("create", "configmap", "for-the-job", "--from-literal=word=by-kubectl")
    private = base64.b64encode(keys.private.encode()).decode()
    for name, data in {
        "npm-credentials": {"auth": NPM, "email": "ci@example.com"},
        "gem-credentials": {"credentials": GEM},
        "mvn-credentials": {"settings": MVN},
        "k8s-credentials": {"user": "deployer", "token": keys.deployer, "ca": ca().read_text()},
        "git-credentials": {"privateKey": private},
    }.items():
        metadata = {"name": name}
        made = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
        await stage.create(made)
    return keys


def ca() -> Path:
    return cluster.kubeconfig().parent / "pki/ca.crt"


@dataclass
class Story:
    play: Play
    keys: Keys
    store: S3

    async def run(self, spec: JobSpec, seconds: float = 60) -> str:
        """Run a job to its end; its log."""
        served = self.play.gitlab
        job = self.play.jobs[spec.name] = served.enqueue(spec)
        await served.coordinator.wait_finished(job.id, seconds)
        shown = job.trace.decode()
        assert job.state == "success", shown
        return TIMESTAMP.sub("", shown)

    def check_logs(self) -> None:
        logs = [job.trace.decode() for job in self.play.jobs.values()] + [self.play.manager.log]
        for secret in self.keys.secrets(self.store):
            assert secret
            assert not any(secret in log for log in logs)


Open = Callable[[str], AbstractAsyncContextManager[Story]]


@pytest.fixture
def story(stage: RealCluster) -> Open:
    @asynccontextmanager
    async def opened(text: str) -> AsyncIterator[Story]:
        if not s3.is_built():
            pytest.skip("versitygw is not built: `make stores`")
        keys = await prepare(stage)
        folder = stage.folder
        with s3.versitygw(folder / "store", stage.host) as store:
            (store.folder.parent / BUCKET).mkdir()
            async with gitlab.serve(folder / "gitlab", stage.repository, stage.host) as served:
                whole = filled(text, served, keys, store, stage)
                environ = {"PODLANE_IMAGE": stage.helper, "SSL_CERT_FILE": str(ca())}
                environ["PODLANE_INSTALLATION"] = stage.namespace
                async with (
                    stage.watch_pods() as pods,
                    manager.running(folder / "manager", whole, environ) as started,
                ):
                    play = Play(stage, served, started, pods=pods)
                    try:
                        yield Story(play, keys, store)
                        await play.nothing_stays()
                    except BaseException as error:
                        error.add_note(await play.tell())
                        raise

    return opened


def filled(text: str, served: gitlab.Gitlab, keys: Keys, store: S3, stage: RealCluster) -> str:
    url = served.coordinator.url
    for place, value in {
        "<https address of GitLab>": url,
        "<runner token>": served.coordinator.register_runner(description="story").token,
        "<https address of the API server>": API,
        "<token of the manager's service account>": keys.manager,
        "git@<host>": "git@git-host",
        "<length of the host part>": str(len(url) + 1),
        "<host:port>": f"{store.host}:{store.port}",
        "<key>": store.access_key,
        "<secret>": store.secret_key,
        'namespace = "my-ci"': f'namespace = "{stage.namespace}"',
    }.items():
        assert place in text, place
        text = text.replace(place, value)
    assert not re.search(r"<(?!\()[a-z]", text.partition("\n")[2])
    return text


def check_pod(pod: dict[str, Any]) -> None:
    """All of the configuration is in the pod: a limit of 300 cores is no more than a limit."""
    spec = pod["spec"]
    assert spec["serviceAccountName"] == "gitlab-runner"
    assert [one["resources"] for one in spec["containers"]] == [AMOUNTS] * 3
    mounts = {one["mountPath"]: one for one in find(spec, "containers[build].volumeMounts")}
    for tool in ("npm", "gem", "mvn", "k8s", "git"):
        assert mounts[f"/{tool}-secrets"]["readOnly"] is True


def cached(name: str, policy: str, **more: Any) -> JobSpec:
    cache = {"key": "deps", "paths": ["deps"], "policy": policy}
    return JobSpec(name=name, cache=(cache,), **more)


@pytest.mark.parametrize("text", [CONFIG, FLAT], ids=["tables", "flat-cache"])
async def test_every_tool_finds_its_credentials(story: Open, stage: RealCluster, text: str) -> None:
    async with story(text) as found:
        url = f"{found.play.gitlab.coordinator.url}/{PROJECT}"
        service = {
            "name": "tools:1",
            "alias": "git-host",
            "entrypoint": ["sh", "-ec", "\n".join(SSHD)],
            "variables": [{"key": "AUTHORIZED_KEY", "value": found.keys.public}],
            "ports": [{"number": 22}],
        }
        variables = {"CI_PROJECT_URL": url, "TEAM_NAMESPACE": stage.namespace}
        parts: dict[str, Any] = {"image": "tools:1", "variables": variables}
        saving = cached("saves", "pull-push", script=TOOLS, services=(service,), **parts)
        shown = await found.run(saving)
        wanted = (
            sha(f"{NPM}\n"),
            "ci@example.com",
            sha(GEM),
            sha(MVN),
            "\ndc\n",
            "\nby-kubectl\n",
            "(ED25519)",
            "the agent lives",
            "refs/heads/pushed",
            "ci <ci@example.com>",
        )
        end = 0
        for one in wanted:
            assert (end := shown.find(one, end)) >= 0, (one, shown)
        check_pod(found.play.pods_of(found.play.jobs["saves"])[-1])
        is_flat = text == FLAT
        assert ("now belongs into `[runners.cache.s3]`" in found.play.manager.log) is is_flat
        assert bool(unlooked_for(found.play.manager.log)) is is_flat
        read = await found.run(cached("restores", "pull", script=("cat deps/file",), **parts))
        assert "\npacked\n" in read
        assert [path for path in (found.store.folder.parent / BUCKET).rglob("*") if path.is_file()]
        found.check_logs()


def unlooked_for(log: str) -> list[str]:
    """Warnings but for those of its 300 cores, which the file really has."""
    lines = [line for line in log.splitlines() if "WARNING" in line]
    return [line for line in lines if "whole cores" not in line]


async def test_busybox_is_pulled_and_skips_what_it_has_not(story: Open, stage: RealCluster) -> None:
    await cluster.part("forget", "docker.io/library/busybox:latest")
    async with story(CONFIG) as found:
        shown = await found.run(JobSpec(script=("busybox | sed -n 1p", "readlink -f /proc/$$/exe")))
        assert "\nBusyBox v" in shown
        assert "\n/bin/busybox\n" in shown
        events = json.loads(await stage.kubectl("get", "events", "-o", "json"))["items"]
        pulled = [one["message"] for one in events if one["reason"] == "Pulled"]
        assert any(one.startswith('Successfully pulled image "busybox"') for one in pulled), pulled
        found.check_logs()
