"""`podlane migrate` as its user types it: what it says, what it changes, and what it leaves alone
when something is in the way."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import command
from harness.command import Ended, Podlane
from harness.http_server import serve
from harness.object_store import ObjectStore
from harness.release import OldRelease
from harness.runners_gitlab import GitLab
from podlane.core.config.rotation import digest
from podlane.core.text.token import Token

TEMPLATE = """\
[[runners]]
  executor = "kubernetes"
  [runners.kubernetes]
    namespace = "ci"
    image = "debian:12"
"""
OLD = "/apis/apps/v1/namespaces/ci/deployments/gl-gitlab-runner"
NEW = "/apis/apps/v1/namespaces/ci/deployments/podlane"


@dataclass
class World:
    """A cluster with one release in it; `run` holds that no token is ever said."""

    store: ObjectStore
    kubeconfig: str
    release: OldRelease
    secrets: list[str] = field(default_factory=lambda: ["glrt-good", "cache-secret"])

    def run(self, *words: str) -> Ended:
        ended = command.run("migrate", "--namespace=ci", *words, KUBECONFIG=self.kubeconfig)
        assert not [one for one in self.secrets if one in ended.out + ended.err]
        return ended

    def old(self) -> Any:
        return self.store.objects[OLD]

    def of_podlane(self) -> list[str]:
        return sorted(path for path in self.store.objects if path.endswith("/podlane"))


@pytest.fixture
def world(gitlab: GitLab, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with a_world(gitlab, home) as found:
        yield found


@contextmanager
def a_world(gitlab: GitLab, folder: Path, **more: Any) -> Iterator[World]:
    given: dict[str, Any] = {"url": gitlab.url, "token": "glrt-good", "template": TEMPLATE} | more
    release = OldRelease("gl", "ci", **given)
    store = ObjectStore()
    store.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ci"}})
    store.add(*release.objects())
    with serve(store.answer) as server:
        yield World(store, store.kubeconfig(server.url, folder), release)


def test_the_plan_changes_nothing(world: World) -> None:
    ended = world.run("--release=gl")
    assert ended.code == 0, ended.err
    assert world.store.changes == []
    for line in (
        "gitlab-runner release gl in ci, gitlab-runner-0.78.1: 1 manager",
        "Everything carries over.",
        "Deployment podlane in ci: new",
        "Nothing was changed. With --apply:",
        "goes from 1 to 0 managers",
    ):
        assert line in ended.out


def test_there_and_back(world: World) -> None:
    before = dict(world.store.objects)
    ended = world.run("--apply")
    assert ended.code == 0, ended.err
    changes = world.store.changes
    assert changes.index(f"PATCH {NEW}") < changes.index(f"PATCH {OLD}"), "the old one went first"
    assert world.old()["spec"]["replicas"] == 0
    assert world.old()["metadata"]["annotations"] == {
        "podlane.dev/migrated-to": "ci/podlane",
        "podlane.dev/migrated-replicas": "1",
    }
    ended = world.run("--apply")
    assert ended.code == 1
    assert "has been migrated already: podlane runs as podlane in ci" in ended.err
    assert "podlane migrate back -n ci --release gl" in ended.err
    ended = world.run("back")
    assert ended.code == 0, ended.err
    assert world.old()["spec"]["replicas"] == 1
    assert world.old()["metadata"]["annotations"] == {}
    assert world.of_podlane() == []
    assert set(world.store.objects) == set(before)


def test_what_is_taken_over(gitlab: GitLab, home: Path) -> None:
    cache = {"accesskey": "cache-key", "secretkey": "cache-secret"}
    with a_world(gitlab, home, replicas=2, secrets={"cache": cache}) as world:
        pod = world.old()["spec"]["template"]["spec"]
        pod["tolerations"] = [{"key": "ci", "operator": "Exists"}]
        pod["nodeSelector"] = {"disk": "ssd"}
        proxy = {"name": "HTTPS_PROXY", "value": "http://proxy.test:3128"}
        pod["containers"][0]["env"].append(proxy)
        assert world.run("--apply").code == 0
        spec = world.store.objects[NEW]["spec"]
        made = spec["template"]["spec"]
        assert spec["replicas"] == 2
        assert made["tolerations"] == pod["tolerations"]
        assert made["nodeSelector"] == {"disk": "ssd"}
        assert proxy in made["containers"][0]["env"]
        ended = command.run(
            "deploy", "upgrade", "-n", "ci", "--image=p:2", KUBECONFIG=world.kubeconfig
        )
        assert ended.code == 0, ended.err
        after = world.store.objects[NEW]["spec"]["template"]["spec"]
        assert after["containers"][0]["image"] == "p:2"
        assert after["tolerations"] == pod["tolerations"]
        assert proxy in after["containers"][0]["env"]


def test_no_such_release_and_several(world: World) -> None:
    ended = world.run("--release=other")
    assert ended.code == 1
    assert "there is no gitlab-runner release other in namespace ci" in ended.err
    assert "hint: there is: gl" in ended.err
    second = OldRelease("two", "ci", "https://g.test", "glrt-two", TEMPLATE)
    world.store.add(*second.objects())
    ended = world.run()
    assert "there are 2 Deployments of gitlab-runner in namespace ci" in ended.err
    assert "choose one by --release: gl, two" in ended.err
    world.store.objects.clear()
    assert "there is no gitlab-runner release in namespace ci" in world.run().err


@pytest.mark.parametrize(
    ("method", "path", "says"),
    [
        ("GET", "/deployments", "cannot read the Deployments of ci: no right"),
        ("GET", "/secrets/gl-gitlab-runner", "cannot read the Secret gl-gitlab-runner of ci"),
        ("GET", "/roles", "would not let us look for podlane's objects: no right"),
        ("PATCH", "/roles/podlane", "the cluster refused Role podlane in ci: no right"),
        ("PATCH", OLD, "would not let us scale Deployment gl-gitlab-runner in ci: no right"),
    ],
)
def test_a_right_that_is_missing(world: World, method: str, path: str, says: str) -> None:
    world.store.refuses = lambda m, p, _: "no right" if m == method and p.endswith(path) else ""
    ended = world.run("--apply")
    assert ended.code == 1
    assert says in ended.err
    assert "othing was changed" in ended.err
    assert world.store.changes == []


def test_a_refusal_midway_takes_back_what_was_made(world: World) -> None:
    world.store.refuses = lambda m, p, trial: (
        "a policy" if m == "PATCH" and p == NEW and not trial else ""
    )
    ended = world.run("--apply")
    assert ended.code == 1
    assert "did not come into force: the cluster refused Deployment podlane in ci" in ended.err
    assert "migrate again; the old manager goes on as before" in ended.err
    assert "nothing of podlane is left" in ended.out
    assert world.of_podlane() == []
    assert world.old()["spec"]["replicas"] == 1


def test_a_podlane_that_stood_there_before_stays(world: World) -> None:
    assert world.run("--apply").code == 0
    standing = world.of_podlane()
    world.old()["spec"]["replicas"] = 1
    world.old()["metadata"]["annotations"] = {}
    world.store.refuses = lambda m, p, trial: (
        "a policy" if m == "PATCH" and p == OLD and not trial else ""
    )
    ended = world.run("--apply")
    assert ended.code == 1
    assert "Deployment podlane in ci: as it was before" in ended.out
    assert world.of_podlane() == standing


def test_the_old_one_cannot_be_stopped(world: World) -> None:
    world.store.refuses = lambda m, p, trial: (
        "a policy" if m == "PATCH" and p == OLD and not trial else ""
    )
    ended = world.run("--apply")
    assert ended.code == 1
    assert "the old manager could not be stopped: a policy" in ended.err
    assert world.of_podlane() == []


def test_names_that_are_taken(world: World) -> None:
    theirs = {"name": "podlane", "namespace": "ci"}
    world.store.add({"apiVersion": "v1", "kind": "ConfigMap", "metadata": theirs, "data": {}})
    ended = world.run("--apply")
    assert ended.code == 1
    assert "ConfigMap podlane in ci is there already, and not podlane's" in ended.err
    ended = world.run("--apply", "--name=podlane-gl")
    assert ended.code == 0, ended.err


def test_a_podlane_for_another_runner(world: World, gitlab: GitLab) -> None:
    assert world.run("--apply").code == 0
    gitlab.tokens["glrt-two"] = 9
    second = OldRelease("two", "ci", gitlab.url, "glrt-two", TEMPLATE)
    world.store.add(*second.objects())
    ended = world.run("--release=two", "--apply")
    assert ended.code == 1
    assert "there is a podlane deployment 'podlane' in namespace ci already" in ended.err
    assert world.run("--release=two", "--apply", "--name=podlane-two").code == 0


def test_a_token_that_gitlab_refuses(gitlab: GitLab, home: Path) -> None:
    with a_world(gitlab, home, token="glrt-dead") as world:
        world.secrets.append("glrt-dead")
        ended = world.run("--apply")
        assert ended.code == 1
        assert "GitLab refuses the token dead of from the script" in ended.err
        assert "exec deploy/gl-gitlab-runner -- cat" in ended.err
        assert world.store.changes == []


def test_a_token_with_an_end_is_exchanged_in_time(world: World, gitlab: GitLab) -> None:
    gitlab.expires_at = "2040-01-01T00:00:00Z"
    assert world.run("--apply").code == 0
    text = world.store.objects["/api/v1/namespaces/ci/configmaps/podlane"]["data"]["config.toml"]
    assert "token_expires_at = 2040-01-01T00:00:00Z" in text


def test_gitlab_that_is_not_to_be_reached_from_here(gitlab: GitLab, home: Path) -> None:
    with a_world(gitlab, home, url="http://127.0.0.1:9") as world:
        ended = world.run()
        assert ended.code == 0
        assert "the token of from the script is not verified" in ended.err


def test_a_token_that_only_the_pod_knows(gitlab: GitLab, home: Path) -> None:
    key = {"token_key": "runner-registration-token", "token": "GR1348941hidden"}
    with a_world(gitlab, home, **key) as world:
        world.secrets.append("GR1348941hidden")
        ended = world.run("--apply")
        assert ended.code == 2
        assert "its own token is only in its pod" in ended.err
        config = home / "config.toml"
        config.write_text(
            f"{TEMPLATE}\n  [runners.feature_flags]\n    FF_X = true\n".replace(
                "[[runners]]",
                f'[[runners]]\n  url = "{gitlab.url}"\n  token = "old-token-of-the-pod"',
            )
        )
        world.secrets.append("old-token-of-the-pod")
        gitlab.tokens["old-token-of-the-pod"] = 11
        ended = world.run("--apply", f"--config={config}")
        assert ended.code == 0, ended.err


def test_a_stop_that_would_take_the_runner_away(gitlab: GitLab, home: Path) -> None:
    stops = {"preStop": {"exec": {"command": ["/entrypoint", "unregister", "--all-runners"]}}}
    gitlab.tokens["old-token-of-the-pod"] = 11
    with a_world(gitlab, home, token="old-token-of-the-pod", lifecycle=stops) as world:
        world.secrets.append("old-token-of-the-pod")
        ended = world.run("--apply")
        assert ended.code == 1
        assert "would take the runner from the script away from GitLab when it stops" in ended.err
        assert world.store.changes == []


def test_a_release_without_a_record_of_helm(gitlab: GitLab, home: Path) -> None:
    with a_world(gitlab, home, has_record=False) as world:
        assert world.run("--release=gl", "--apply").code == 0
        assert world.old()["spec"]["replicas"] == 0


def test_back_with_a_token_that_podlane_has_exchanged(world: World) -> None:
    assert world.run("--apply").code == 0
    secret = world.store.objects["/api/v1/namespaces/ci/secrets/podlane"]
    (key,) = secret["data"]
    mark = digest(Token("glrt-good"))
    secret["data"] = {key: encoded("glrt-newer"), key + "_REPLACED": encoded(mark)}
    world.secrets.append("glrt-newer")
    world.store.refuses = lambda m, p, _: "a policy" if m == "PATCH" and "/secrets/" in p else ""
    ended = world.run("back")
    assert "cannot write the Secret gl-gitlab-runner: a policy" in ended.err
    assert world.old()["spec"]["replicas"] == 0
    world.store.refuses = lambda _method, _path, _trial: ""
    ended = world.run("back")
    assert ended.code == 0, ended.err
    assert "takes the token that podlane has exchanged since" in ended.out
    data = world.store.objects["/api/v1/namespaces/ci/secrets/gl-gitlab-runner"]["data"]
    assert data["runner-token"] == encoded("glrt-newer")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_shell_runner(gitlab: GitLab, home: Path) -> None:
    with a_world(gitlab, home) as world:
        for one in world.old()["spec"]["template"]["spec"]["containers"][0]["env"]:
            if one["name"] == "RUNNER_EXECUTOR":
                one["value"] = "shell"
        ended = world.run("--apply")
        assert ended.code == 2
        assert 'is "shell", which podlane does not run' in ended.err
        assert world.store.changes == []


def test_jobs_that_gitlab_runner_would_lose(gitlab: GitLab, home: Path) -> None:
    with a_world(gitlab, home, grace=30) as world:
        labels = {"manager.runner.gitlab.com/id-short": "good"}
        meta = {"name": "runner-good-project-1-concurrent-0-x", "namespace": "ci", "labels": labels}
        world.store.add(
            {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"phase": "Running"}}
        )
        assert "1 job running" in world.run().out
        ended = world.run("--apply")
        assert ended.code == 1
        assert "1 job of the old manager would have 30 s to end, and be lost" in ended.err
        assert world.store.changes == []
        assert world.run("--apply", "--now").code == 0


def test_back_without_a_migration(world: World) -> None:
    ended = world.run("back")
    assert ended.code == 1
    assert "was not stopped by `podlane migrate`" in ended.err
    assert world.store.changes == []


def test_from_values(gitlab: GitLab, podlane: Podlane, home: Path) -> None:
    values = {
        "gitlabUrl": gitlab.url,
        "runnerToken": "glrt-good",
        "concurrent": 5,
        "tolerations": [{"operator": "Exists"}],
        "hpa": {"minReplicas": 1},
        "runners": {
            "tags": "one",
            "privileged": True,
            "config": TEMPLATE.replace('"ci"', '"{{ .Release.Namespace }}"').replace(
                '"debian:12"', "{{ .Values.image | quote }}"
            ),
        },
        "image": "debian:13",
    }
    path, written = home / "values.yaml", home / "out.toml"
    path.write_text(yaml.safe_dump(values))
    ended = podlane("migrate", f"--values={path}", "--namespace=jobs", f"--write={written}")
    assert ended.code == 0, ended.err
    assert "glrt-good" not in ended.out + ended.err
    text = written.read_text()
    for part in ("concurrent = 5", 'namespace = "jobs"', 'image = "debian:13"', "glrt-good"):
        assert part in text
    assert written.stat().st_mode & 0o777 == 0o600
    again = podlane("migrate", f"--values={path}", f"--write={written}")
    assert (again.code, written.read_text()) == (2, text)
    assert "is there already" in again.err
    assert "value `hpa`" in ended.out
    assert "value `runners.tags`: GitLab keeps it with the runner; nothing to do" in ended.out
    assert "value `runners.privileged`\n    why: it is no longer a key" in ended.out
    path.write_text(yaml.safe_dump({**values, "runners": {"config": '{{ include "x" . }}'}}))
    ended = podlane("migrate", f"--values={path}")
    assert ended.code == 2
    assert "which only Helm can work out" in ended.err
    assert podlane("migrate", f"--values={path}", "--apply").code == 2
