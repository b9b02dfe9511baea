"""`podlane deploy apply` where something is in the way: a clear sentence, the fix, and nothing
half-written.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import wait
from harness.certificates import authority
from harness.cluster import IMAGE, kubeconfig, kubectl
from harness.command import Ended
from harness.deployed import deploy, everything, finished, quick, register
from harness.gitlab import Gitlab
from harness.http_server import Said, serve
from harness.shell import podlane

NAMESPACED = ["serviceaccounts", "secrets", "configmaps", "pods", "deployments", "services"]
NAMESPACED += ["networkpolicies", "poddisruptionbudgets"]
ALL = ["get", "list", "watch", "create", "patch", "update", "delete"]
ROLES = ["roles", "rolebindings"]


class Limited:
    """A user of the cluster who may do what is given, in one namespace."""

    def __init__(self, namespace: str, folder: Path) -> None:
        self.namespace, self.path = namespace, folder / "limited.conf"

    async def may(self, *rules: dict[str, Any]) -> None:
        name = "limited"
        whole = [{"apiGroups": ["*"], **one} for one in rules]
        meta = {"name": name, "namespace": self.namespace}
        subject = {"kind": "ServiceAccount", **meta}
        rbac = "rbac.authorization.k8s.io"
        bound = {"apiGroup": rbac, "kind": "Role", "name": name}
        objects = [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
            {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": meta, "rules": whole},
            {
                "apiVersion": f"{rbac}/v1",
                "kind": "RoleBinding",
                "metadata": meta,
                "subjects": [subject],
                "roleRef": bound,
            },
        ]
        for one in objects:
            await kubectl("apply", "-f", "-", typed=json.dumps(one))
        token = (await kubectl("-n", self.namespace, "create", "token", name)).strip()
        found = yaml.safe_load(kubeconfig().read_text())
        found["users"] = [{"name": name, "user": {"token": token}}]
        cluster = found["clusters"][0]["name"]
        found["contexts"] = [{"name": name, "context": {"cluster": cluster, "user": name}}]
        found["current-context"] = name
        self.path.write_text(yaml.safe_dump(found))

    async def apply(self, namespace: str, config: Path) -> Ended:
        words = ("deploy", "apply", f"--namespace={namespace}", f"--config={config}", "--no-wait")
        return await podlane(*words, f"--image={IMAGE}", KUBECONFIG=str(self.path))

    async def own(self) -> list[str]:
        """All of the namespace but what makes the user."""
        found = await everything(self.namespace)
        return [one for one in found if not one.endswith("/limited")]


@pytest.fixture
async def limited(new_namespace: str, tmp_path: Path) -> Limited:
    await kubectl("create", "namespace", new_namespace)
    return Limited(new_namespace, tmp_path)


@pytest.fixture
async def config(served: Gitlab, tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    await register(served, path)
    return path


async def test_a_user_who_may_make_no_roles(limited: Limited, config: Path) -> None:
    await limited.may(
        {"resources": NAMESPACED, "verbs": ALL}, {"resources": ROLES, "verbs": ["get", "list"]}
    )
    ended = await limited.apply(limited.namespace, config)
    user = f"system:serviceaccount:{limited.namespace}:limited"
    assert ended.code == 1
    assert ended.err == (
        f"error: the cluster refused Role podlane in {limited.namespace}: "
        f'roles.rbac.authorization.k8s.io "podlane" is forbidden: User "{user}" cannot patch '
        f'resource "roles" in API group "rbac.authorization.k8s.io" in the namespace '
        f'"{limited.namespace}" [deploy-refused]\n'
        "hint: apply needs get, list, create, patch and delete of roles in "
        f"{limited.namespace}; or somebody who has them applies what `podlane deploy render` "
        "prints. Nothing was changed\n"
    )
    assert await limited.own() == []


async def test_a_user_who_would_give_more_than_he_has(limited: Limited, config: Path) -> None:
    some = [one for one in NAMESPACED if one != "pods"]
    await limited.may({"resources": some, "verbs": ALL}, {"resources": ROLES, "verbs": ALL})
    ended = await limited.apply(limited.namespace, config)
    assert ended.code == 1
    assert "attempting to grant RBAC permissions not currently held" in ended.err
    assert ended.err.endswith(
        "hint: nobody can give rights that he has not: have it applied by an administrator of the "
        "cluster, or be given what docs/reference/rights.md lists. Nothing was changed\n"
    )
    assert await limited.own() == []


async def test_a_user_with_all_rights_in_a_namespace(limited: Limited, config: Path) -> None:
    resources = [*NAMESPACED, *ROLES, "events"]
    await limited.may({"resources": resources, "verbs": ALL})
    ended = await limited.apply(limited.namespace, config)
    assert ended.code == 0, ended.err
    assert f"  Namespace {limited.namespace}: we may not look at it\n" in ended.out


async def test_a_namespace_that_may_not_be_made(limited: Limited, config: Path) -> None:
    await limited.may({"resources": NAMESPACED, "verbs": ALL})
    nowhere = f"{limited.namespace}-no"
    ended = await limited.apply(nowhere, config)
    assert ended.code == 1
    assert "is forbidden" in ended.err
    assert "hint: another account may do it: --context chooses one of the kubeconfig\n" in ended.err
    ended = await podlane(
        "deploy",
        "apply",
        f"--namespace={limited.namespace}",
        f"--config={with_jobs_in(nowhere, config)}",
        f"--image={IMAGE}",
    )
    assert ended.err == (
        f"error: the cluster refused Role {limited.namespace}-podlane in {nowhere}: namespaces "
        f'"{nowhere}" not found [deploy-refused]\n'
        f"hint: `kubectl create namespace {nowhere}`, or mend `namespace` in "
        "[runners.kubernetes]. Nothing was changed\n"
    )
    assert await limited.own() == []


def with_jobs_in(namespace: str, config: Path) -> Path:
    text = config.read_text()
    path = config.with_name("elsewhere.toml")
    path.write_text(
        text.replace("[runners.kubernetes]\n", f'[runners.kubernetes]\nnamespace = "{namespace}"\n')
    )
    return path


async def test_a_token_that_gitlab_refuses(
    served: Gitlab, new_namespace: str, config: Path
) -> None:
    (token,) = served.coordinator.runners.known
    served.coordinator.runners.known.clear()
    words = (f"--namespace={new_namespace}", f"--config={config}", f"--image={IMAGE}")
    ended = await podlane("deploy", "apply", *words)
    assert ended.code == 1
    assert token not in ended.out + ended.err
    assert "of in-the-cluster: it has ended, was revoked, or is another GitLab's" in ended.err
    assert ended.err.endswith(
        "hint: `podlane register` gets a runner with a new one. Nothing was changed\n"
    )
    with pytest.raises(RuntimeError, match="NotFound"):
        await kubectl("get", "namespace", new_namespace)


async def test_another_ca_of_the_api_server(
    new_namespace: str, config: Path, tmp_path: Path
) -> None:
    found = yaml.safe_load(kubeconfig().read_text())
    cluster = found["clusters"][0]["cluster"]
    cluster.pop("certificate-authority", None)
    cluster["certificate-authority-data"] = base64.b64encode(authority().pem.encode()).decode()
    path = tmp_path / "wrong.conf"
    path.write_text(yaml.safe_dump(found))
    words = (f"--namespace={new_namespace}", f"--config={config}", f"--image={IMAGE}")
    ended = await podlane("deploy", "apply", *words, KUBECONFIG=str(path))
    assert ended.code == 1
    assert "is not trusted: unable to get local issuer certificate" in ended.err
    assert ended.err.endswith(
        "hint: the kubeconfig has another CA for this cluster (`certificate-authority`): take a "
        "new kubeconfig from whoever runs the cluster\n"
    )


async def test_a_gitlab_that_is_not_trusted(new_namespace: str, tmp_path: Path) -> None:
    """From here it is said; the manager may trust it, so the apply goes on."""
    with serve(lambda _: Said(), authority().server("127.0.0.1")) as server:
        path = tmp_path / "config.toml"
        path.write_text(
            f'[[runners]]\nname = "r"\nurl = "{server.url}"\ntoken = "glrt-x"\n'
            'executor = "kubernetes"\n'
        )
        words = (f"--namespace={new_namespace}", f"--config={path}", f"--image={IMAGE}")
        ended = await podlane("deploy", "apply", *words, "--no-wait")
    assert ended.code == 0, ended.err
    assert "  the token of r is not verified, for from here " in ended.out
    assert "is not trusted" in ended.out


async def test_an_image_that_does_not_come(
    served: Gitlab, new_namespace: str, config: Path
) -> None:
    words = ("deploy", "apply", f"--namespace={new_namespace}", f"--config={config}")
    nothing = "--image=podlane.local/none:1"
    ended = await podlane(*words, nothing)
    assert ended.code == 1
    assert "  waiting: ErrImagePull: " in ended.out
    assert "the manager is not ready after " in ended.err
    assert ended.err.endswith(
        "hint: --image names podlane's own image: is podlane.local/none:1 right, and can the nodes "
        "pull it? Jobs that run do not notice. Nothing of it is left\n"
    )

    async def is_gone() -> bool:
        return not await kubectl("get", "namespace", new_namespace, "--ignore-not-found")

    await wait.until("the namespace's end", is_gone, 60)
    await deploy("apply", new_namespace, f"--config={config}", f"--image={IMAGE}")
    config.write_text(config.read_text().replace("concurrent = 30", "concurrent = 7"))
    ended = await podlane(*words, nothing)
    assert ended.code == 1
    assert "All is as it was: the manager that was there before goes on" in ended.err
    job = served.enqueue(quick(1))
    await finished([job], 90)
    assert job.state == "success"
    found = json.loads(
        await kubectl("-n", new_namespace, "get", "configmap", "podlane", "-o", "json")
    )
    assert "concurrent = 30" in found["data"]["config.toml"]
    await deploy("uninstall", new_namespace, "--now")


async def test_a_manager_that_runs_and_is_not_ready(new_namespace: str, config: Path) -> None:
    await deploy("apply", new_namespace, f"--config={config}", f"--image={IMAGE}")
    await kubectl("-n", new_namespace, "delete", "role", "podlane")
    await kubectl("-n", new_namespace, "delete", "pods", "--all", "--wait=false")
    words = ("deploy", "status", f"--namespace={new_namespace}", "--json")

    async def is_told() -> bool:
        ended = await podlane(*words)
        why = json.loads(ended.out)["waiting_for"] if ended.out else ""
        return "May not watch the runner's namespace" in why and "cannot list resource" in why

    await wait.until("what keeps it", is_told, 60, every=1)
