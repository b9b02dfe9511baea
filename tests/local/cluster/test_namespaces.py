"""Namespaces: made, needed, emptied at their end; objects of all of them in one list and watch."""

from __future__ import annotations

from harness import wait
from local.cluster.kube_client import Client, manifest, shell

ROOT = "/api/v1/namespaces"


async def make(client: Client, name: str) -> tuple[int, dict[str, object]]:
    return await client.call("POST", ROOT, {"metadata": {"name": name, "labels": {"a": "b"}}})


async def test_they_are_in_no_namespace_and_hold_others(client: Client) -> None:
    assert (await make(client, "new"))[0] == 201
    assert (await make(client, "new"))[0] == 409
    assert (await make(client, "No_Name"))[0] == 422
    code, item = await client.call("GET", f"{ROOT}/new")
    assert (code, item["status"]["phase"]) == (200, "Active")
    assert "namespace" not in item["metadata"]
    _, found = await client.call("GET", f"{ROOT}?labelSelector=a%3Db")
    assert [one["metadata"]["name"] for one in found["items"]] == ["new"]
    secret = {"metadata": {"name": "s"}}
    assert (await client.call("POST", f"{ROOT}/new/secrets", secret))[0] == 201
    code, status = await client.call("POST", f"{ROOT}/nowhere/secrets", secret)
    assert (code, status["message"]) == (404, 'namespaces "nowhere" not found')
    _, found = await client.call("GET", "/api/v1/secrets")
    assert [one["metadata"]["namespace"] for one in found["items"]] == ["new"]
    assert (await client.call("POST", "/api/v1/secrets", secret))[0] == 405
    assert (await client.call("GET", "/api/v1/secrets/s"))[0] == 404


async def test_the_end_takes_all_that_is_in_it(client: Client) -> None:
    await make(client, "new")
    pod = manifest("p", shell("trap 'exit 0' TERM; sleep 300 & wait"))
    assert (await client.call("POST", f"{ROOT}/new/pods", pod))[0] == 201
    assert (await client.call("POST", f"{ROOT}/new/secrets", {"metadata": {"name": "s"}}))[0] == 201
    code, item = await client.call("DELETE", f"{ROOT}/new")
    assert (code, item["status"]["phase"]) == (200, "Terminating")
    assert (await client.call("DELETE", f"{ROOT}/new"))[0] == 409
    code, status = await client.call("POST", f"{ROOT}/new/secrets", {"metadata": {"name": "t"}})
    assert (code, status["reason"]) == (403, "Forbidden")
    assert "because it is being terminated" in status["message"]

    async def is_gone() -> bool:
        return bool((await client.call("GET", f"{ROOT}/new"))[0] == 404)

    await wait.until("the end of the namespace", is_gone, 15)
    _, found = await client.call("GET", "/api/v1/pods")
    assert found["items"] == []
    assert (await make(client, "new"))[0] == 201
