"""The API: status codes, Status bodies, lists and pages, patches, garbage collection."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from local.cluster.kube_client import Client, Manifest, manifest, shell

SECRETS = "/api/v1/namespaces/ci/secrets"
PODS = "/api/v1/namespaces/ci/pods"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/ci/leases"
PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def secret(name: str, **rest: Any) -> Manifest:
    labels = rest.pop("labels", {})
    return {"metadata": {"name": name, "labels": labels}, **rest}


async def test_create_and_get(client: Client) -> None:
    created = await client.create("secrets", secret("s1", data={"a": "YQ=="}, immutable=True))
    assert created["kind"] == "Secret"
    assert created["type"] == "Opaque"
    assert {"uid", "resourceVersion", "creationTimestamp"} <= set(created["metadata"])
    assert (await client.call("GET", SECRETS + "/s1"))[1] == created
    assert client.cluster.objects("secrets") == [created]


REFUSED = [
    ({"metadata": {"name": "S_1"}}, 422, "Invalid", "metadata.name: Invalid value"),
    ({"metadata": {}}, 422, "Invalid", "name or generateName is required"),
    ({"metadata": {"name": "a", "namespace": "b"}}, 400, "BadRequest", "does not match"),
    ({"metadata": {"name": "a"}, "data": {"k": "not base64!!"}}, 400, "BadRequest", "base64"),
    ({"metadata": {"name": "a"}, "data": {"k": 5}}, 400, "BadRequest", "unmarshal number"),
    ({"metadata": {"name": "a"}, "data": {"k k": ""}}, 422, "Invalid", "valid config key"),
    ({"metadata": {"name": "a", "labels": {"k": "x y"}}}, 422, "Invalid", "valid label"),
    ({"kind": "Pod", "metadata": {"name": "a"}}, 400, "BadRequest", "handled as a Secret"),
    (
        {"metadata": {"name": "a"}, "type": "kubernetes.io/dockerconfigjson"},
        422,
        "Invalid",
        "data[.dockerconfigjson]: Required value",
    ),
]


@pytest.mark.parametrize(("body", "code", "reason", "text"), REFUSED)
async def test_what_is_refused(
    client: Client, body: Manifest, code: int, reason: str, text: str
) -> None:
    found, status = await client.call("POST", SECRETS, body)
    assert (found, status["code"], status["reason"]) == (code, code, reason)
    assert status["kind"] == "Status"
    assert text in status["message"]


async def test_a_secret_holds_a_mebibyte(client: Client) -> None:
    def data(size: int) -> Manifest:
        return {"k": base64.b64encode(bytes(size)).decode()}

    await client.create("secrets", secret("fits", data=data(1_048_576)))
    code, status = await client.call("POST", SECRETS, secret("large", data=data(1_048_577)))
    assert (code, "may not be more than 1048576 bytes" in status["message"]) == (422, True)


async def test_a_pod_that_is_malformed(client: Client) -> None:
    small, large = {"cpu": "500m"}, {"cpu": "1"}
    for body, text in [
        (manifest("p", {}, restartPolicy="Sometimes"), "spec.restartPolicy: Unsupported value"),
        (manifest("p", {"name": "a"}, {"name": "a"}), 'containers[1].name: Duplicate value: "a"'),
        (manifest("p", {"env": [{"value": "x"}]}), "env[0].name: Required value"),
        (
            manifest("p", {"resources": {"requests": large, "limits": small}}),
            '"1": must be less than or equal to cpu limit of 500m',
        ),
        (manifest("p", {}, volumes=[{"name": "v", "secret": {}}]), "secretName: Required value"),
        (manifest("p"), "spec.containers: Required value"),
        (manifest("p", {"image": ""}), "spec.containers[0].image: Required value"),
        (manifest("p", {"volumeMounts": [{"name": "z", "mountPath": "/z"}]}), 'Not found: "z"'),
        (manifest("p", {}, activeDeadlineSeconds=0), "must be between 1"),
    ]:
        code, status = await client.call("POST", PODS, body)
        assert code == 422
        assert text in status["message"]


async def test_quantities(client: Client) -> None:
    good = {"limits": {"cpu": "1500m", "memory": "1.5Gi", "ephemeral-storage": "1e3"}}
    pod = await client.create("pods", manifest("p", shell("exit 0", resources=good)))
    resources = pod["spec"]["containers"][0]["resources"]
    assert resources["requests"] == resources["limits"]
    assert pod["status"]["qosClass"] == "Guaranteed"
    for text in ("zz", "1.2.3", "5 Gi", "1GiB"):
        body = manifest("q", shell("exit 0", resources={"requests": {"memory": text}}))
        code, status = await client.call("POST", PODS, body)
        assert code == 400
        assert "quantities must match the regular expression" in status["message"]


async def test_names_are_taken_and_missed(client: Client) -> None:
    await client.create("secrets", secret("s1"))
    code, status = await client.call("POST", SECRETS, secret("s1"))
    assert (code, status["reason"]) == (409, "AlreadyExists")
    assert status["details"] == {"name": "s1", "kind": "secrets"}
    for method in ("GET", "DELETE"):
        code, status = await client.call(method, SECRETS + "/nope")
        assert (code, status["reason"]) == (404, "NotFound")
        assert status["message"] == 'secrets "nope" not found'
    code, status = await client.call("GET", "/api/v1/namespaces/ci/nope")
    assert (code, status["reason"]) == (404, "NotFound")


async def test_the_token_is_asked_for(client: Client) -> None:
    code, status = await client.call("GET", SECRETS, Authorization="Bearer nope")
    assert (code, status["reason"]) == (401, "Unauthorized")
    async with client.session.get(client.cluster.url + SECRETS) as answer:
        assert answer.status == 401
    async with client.session.get(client.cluster.url + "/readyz") as answer:
        assert answer.status == 200


async def test_version_and_health(client: Client) -> None:
    assert (await client.call("GET", "/version"))[1]["major"] == "1"
    assert await client.call("GET", "/readyz") == (200, "ok")
    assert (await client.call("GET", "/nope"))[0] == 404


async def test_lists_select_and_page(client: Client) -> None:
    for index in range(5):
        name = f"s{index}"
        await client.create("secrets", secret(name, labels={"a": "b", "n": str(index % 2)}))
    await client.create("secrets", secret("other"))
    names: list[str] = []
    more = ""
    for _ in range(3):
        query = f"?labelSelector=a%3Db&limit=2{more}"
        _, page = await client.call("GET", SECRETS + query)
        names += [item["metadata"]["name"] for item in page["items"]]
        more = "&continue=" + page["metadata"].get("continue", "")
    assert names == ["s0", "s1", "s2", "s3", "s4"]
    assert page["kind"] == "SecretList"
    assert "kind" not in page["items"][0]
    assert more == "&continue="
    for query, wanted in [
        ("a", 5),
        ("!a", 1),
        ("a=b,n=0", 3),
        ("a=b,n!=0", 2),
        ("n in (0, 1)", 5),
        ("n notin (0)", 3),
        ("a=b,n==1", 2),
    ]:
        _, page = await client.call("GET", SECRETS + "?labelSelector=" + query)
        assert len(page["items"]) == wanted, query
    assert (await client.call("GET", SECRETS + "?labelSelector====="))[0] == 400
    assert (await client.call("GET", SECRETS + "?limit=1&continue=bad"))[0] == 400
    assert len((await client.call("GET", "/api/v1/secrets"))[1]["items"]) == 6


async def test_metadata_alone(client: Client) -> None:
    await client.create("secrets", secret("s1", data={"a": "YQ=="}))
    _, item = await client.call("GET", SECRETS + "/s1", Accept=PARTIAL)
    assert set(item) == {"kind", "apiVersion", "metadata"}
    assert item["kind"] == "PartialObjectMetadata"
    _, page = await client.call("GET", SECRETS, Accept=PARTIAL_LIST)
    assert page["kind"] == "PartialObjectMetadataList"
    assert page["items"] == [item]
    assert (await client.call("GET", SECRETS, Accept=PARTIAL))[0] == 406


async def test_patch_and_immutability(client: Client) -> None:
    await client.create("secrets", secret("s1", data={"a": "YQ=="}, immutable=True))
    merge = {"Content_Type": "application/merge-patch+json"}
    patch = {"metadata": {"annotations": {"x": "y"}}}
    code, item = await client.call("PATCH", SECRETS + "/s1", patch, **merge)
    assert (code, item["metadata"]["annotations"]) == (200, {"x": "y"})
    code, status = await client.call("PATCH", SECRETS + "/s1", {"data": {"b": ""}}, **merge)
    assert code == 422
    assert "field is immutable when `immutable` is set" in status["message"]
    assert (await client.call("PATCH", SECRETS + "/s1", patch))[0] == 415
    assert (await client.call("PATCH", SECRETS + "/no", patch, **merge))[0] == 404


async def test_a_lease_changes_hands_once(client: Client) -> None:
    lease = {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}}
    _, created = await client.call("POST", LEASES, lease)
    assert created["apiVersion"] == "coordination.k8s.io/v1"
    created["spec"]["holderIdentity"] = "b"
    assert (await client.call("PUT", LEASES + "/l", created))[0] == 200
    code, status = await client.call("PUT", LEASES + "/l", created)
    assert (code, status["reason"]) == (409, "Conflict")
    assert "the object has been modified" in status["message"]
    assert 'leases.coordination.k8s.io "l"' in status["message"]


async def test_deletion_by_uid(client: Client) -> None:
    created = await client.create("secrets", secret("s1"))
    wrong = {"preconditions": {"uid": "abc"}}
    code, status = await client.call("DELETE", SECRETS + "/s1", wrong)
    assert (code, status["reason"]) == (409, "Conflict")
    right = {"preconditions": {"uid": created["metadata"]["uid"]}}
    code, status = await client.call("DELETE", SECRETS + "/s1", right)
    assert (code, status["status"]) == (200, "Success")


async def test_what_is_owned_goes_with_its_owner(client: Client) -> None:
    owner = await client.create("secrets", secret("record"))
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "record"}
    owned = {"ownerReferences": [reference | {"uid": owner["metadata"]["uid"]}]}
    more = {"name": "more", **owned}
    await client.create("secrets", {"metadata": more})
    pod = manifest("p", shell("exec sleep 60"), metadata=owned)
    await client.create("pods", pod)
    await client.until("p", lambda pod: pod["status"]["phase"] == "Running")
    await client.call("DELETE", SECRETS + "/record", {"propagationPolicy": "Background"})
    await client.gone("p")
    assert client.cluster.objects("secrets") == []


async def test_a_pod_whose_owner_is_dead_does_not_live(client: Client) -> None:
    reference = {"apiVersion": "v1", "kind": "Secret", "name": "gone", "uid": "0-0"}
    await client.create(
        "pods", manifest("p", shell("exec sleep 60"), metadata={"ownerReferences": [reference]})
    )
    await client.gone("p")


async def test_events_are_found_by_pod(client: Client) -> None:
    await client.create("pods", manifest("p", shell("exit 0")))
    await client.until("p", lambda pod: pod["status"]["phase"] == "Succeeded")
    path = "/api/v1/namespaces/ci/events?fieldSelector=involvedObject.name%3D"
    _, found = await client.call("GET", path + "p")
    reasons = [item["reason"] for item in found["items"]]
    assert {"Scheduled", "Pulled", "Started"} <= set(reasons)
    assert (await client.call("GET", path + "q"))[1]["items"] == []


async def test_requests_are_counted(client: Client) -> None:
    await client.create("secrets", secret("s1"))
    await client.call("GET", SECRETS, User_Agent="podlane/1")
    seen = list(client.cluster.requests)
    assert [(item.verb, item.resource) for item in seen] == [
        ("create", "secrets"),
        ("list", "secrets"),
    ]
    assert seen[1].user_agent == "podlane/1"


async def test_many_creations_of_one_name(client: Client) -> None:
    answers = await asyncio.gather(
        *(client.call("POST", SECRETS, secret("one")) for _ in range(10))
    )
    assert sorted(code for code, _ in answers) == [201] + [409] * 9
