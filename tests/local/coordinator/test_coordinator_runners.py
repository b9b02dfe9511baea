"""Runners come, are verified, get new tokens, and go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.coordinator.caller import Caller
from podlane.local.coordinator import Coordinator

REGISTRATION = "GR1348941registration"


async def test_verify(gitlab: Coordinator, caller: Caller) -> None:
    body = {"token": caller.token, "system_id": "s_1", "info": {"version": "1"}}
    heard = await caller.call("POST", "/runners/verify", json=body)
    assert heard.status == 200
    assert json.loads(heard.body) == {"id": 1, "token": caller.token, "token_expires_at": None}
    assert gitlab.runners.known[caller.token].managers == {"s_1": {"version": "1"}}


@pytest.mark.parametrize(("body", "status"), [({}, 400), ({"token": "wrong"}, 403)])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/runners/verify"),
        ("POST", "/jobs/request"),
        ("DELETE", "/runners"),
        ("DELETE", "/runners/managers"),
        ("POST", "/runners/reset_authentication_token"),
    ],
)
async def test_no_and_wrong_token(
    caller: Caller, method: str, path: str, body: dict[str, str], status: int
) -> None:
    heard = await caller.call(method, path, json=body)
    assert heard.status == status
    assert "message" in json.loads(heard.body)


async def test_register(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.runners.registration_token = REGISTRATION
    body = {
        "token": REGISTRATION,
        "tag_list": "a, b",
        "run_untagged": False,
        "description": "mine",
        "maximum_timeout": 900,
        "paused": True,
    }
    heard = await caller.call("POST", "/runners", json=body)
    assert heard.status == 201
    made = gitlab.runners.known[json.loads(heard.body)["token"]]
    assert (made.tags, made.run_untagged, made.paused) == (frozenset("ab"), False, True)
    assert (made.description, made.maximum_timeout) == ("mine", 900)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"token": "wrong"}, 403),
        ({"token": ""}, 400),
        ({"run_untagged": False}, 400),
        ({"run_untagged": False, "tag_list": ["a"]}, 201),
        ({"maximum_timeout": 10}, 400),
    ],
)
async def test_register_refusals(
    gitlab: Coordinator, caller: Caller, more: dict[str, Any], status: int
) -> None:
    gitlab.runners.registration_token = REGISTRATION
    heard = await caller.call("POST", "/runners", json={"token": REGISTRATION} | more)
    assert heard.status == status


async def test_registration_that_is_switched_off(caller: Caller) -> None:
    assert (await caller.call("POST", "/runners", json={"token": REGISTRATION})).status == 410


async def test_unregister(caller: Caller) -> None:
    assert (await caller.call("DELETE", "/runners", json={"token": caller.token})).status == 204
    assert (await caller.ask()).status == 403


async def test_unregister_a_manager(gitlab: Coordinator, caller: Caller) -> None:
    await caller.ask()
    body = {"token": caller.token}
    for more, status in (
        ({}, 400),
        ({"system_id": "s_other"}, 404),
        ({"system_id": "s_abcdefabcdef"}, 204),
        ({"system_id": "s_abcdefabcdef"}, 404),
    ):
        assert (await caller.call("DELETE", "/runners/managers", json=body | more)).status == status
    assert (await caller.ask()).status == 204


async def test_new_token_replaces_the_old(caller: Caller) -> None:
    path = "/runners/reset_authentication_token"
    heard = await caller.call("POST", path, json={"token": caller.token})
    assert heard.status == 201
    assert json.loads(heard.body).keys() == {"token", "token_expires_at"}
    assert (await caller.ask()).status == 403
    caller.token = json.loads(heard.body)["token"]
    assert caller.token.startswith("glrt-")
    assert (await caller.ask()).status == 204


async def test_admin_makes_a_new_token(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.runners.admin_token = "glpat-admin"
    good = {"PRIVATE-TOKEN": "glpat-admin"}
    for number, headers, status in ((1, {}, 401), (1, {"PRIVATE-TOKEN": "x"}, 401), (7, good, 404)):
        path = f"/runners/{number}/reset_authentication_token"
        assert (await caller.call("POST", path, headers=headers)).status == status
    heard = await caller.call("POST", "/runners/1/reset_authentication_token", headers=good)
    assert heard.status == 201
    assert json.loads(heard.body)["token"] != caller.token


async def test_no_job_router(caller: Caller) -> None:
    assert (await caller.call("GET", "/runners/router/discovery")).status == 501
