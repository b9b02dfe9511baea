"""POST /jobs/request: who is given what, the long poll, the two-phase hand-out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from harness import wait
from local.coordinator.caller import Caller
from podlane.local.coordinator import Coordinator


async def test_job_is_handed_out_once(gitlab: Coordinator, caller: Caller) -> None:
    job = gitlab.enqueue({"steps": [{"name": "script", "script": ["true"]}]})
    heard = await caller.ask()
    assert heard.status == 201
    assert heard.headers["content-type"].startswith("application/json")
    assert "x-gitlab-last-update" not in heard.headers
    payload = json.loads(heard.body)
    assert (payload["id"], payload["token"]) == (job.id, job.token)
    assert job.state == "running"
    assert job.handed_out == 1
    assert job.moments["handed_out"] >= job.moments["pending"]
    assert (await caller.ask()).status == 204


async def test_payload_has_what_gitlab_sends(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.enqueue({"variables": [{"key": "CI_JOB_NAME", "value": "mine"}]})
    payload = json.loads((await caller.ask()).body)
    wanted = "id token job_info git_info image services steps hooks artifacts cache variables"
    assert set(wanted.split()) <= set(payload)
    git = payload["git_info"]
    assert git["repo_url"].startswith(f"http://gitlab-ci-token:{payload['token']}@127.0.0.1:")
    assert git["refspecs"] == [
        "+refs/pipelines/700:refs/pipelines/700",
        "+refs/heads/main:refs/remotes/origin/main",
    ]
    values = {item["key"]: item["value"] for item in payload["variables"]}
    assert values["CI_JOB_NAME"] == "mine"
    assert values["CI_JOB_ID"] == str(payload["id"])
    assert values["CI_RUNNER_ID"] == "1"
    token = next(item for item in payload["variables"] if item["key"] == "CI_JOB_TOKEN")
    assert token["masked"]
    assert not token["public"]


@pytest.mark.parametrize(
    ("runner", "tags", "status"),
    [
        ({}, (), 201),
        ({"run_untagged": False, "tags": ["a"]}, (), 204),
        ({"tags": ["a", "b"]}, ("a",), 201),
        ({"tags": ["a"]}, ("a", "b"), 204),
        ({}, ("a",), 204),
        ({"paused": True}, (), 204),
    ],
)
async def test_tags_and_pause(
    gitlab: Coordinator, caller: Caller, runner: dict[str, Any], tags: tuple[str, ...], status: int
) -> None:
    caller.token = gitlab.register_runner(**runner).token
    gitlab.enqueue({}, tags)
    assert (await caller.ask()).status == status


async def test_tokens(caller: Caller) -> None:
    caller.token = "glrt-wrong"
    assert (await caller.ask()).status == 403
    caller.token = ""
    assert (await caller.ask()).status == 400


async def test_token_in_the_header_is_good_too(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.enqueue()
    headers = {"RUNNER-TOKEN": caller.token}
    heard = await caller.call("POST", "/jobs/request", json={}, headers=headers)
    assert heard.status == 201


async def test_question_is_at_most_32_kib(caller: Caller) -> None:
    assert (await caller.ask(session={"url": "x" * 33_000})).status == 413


async def test_last_update_stays_until_something_comes(gitlab: Coordinator, caller: Caller) -> None:
    first = (await caller.ask()).headers["x-gitlab-last-update"]
    assert (await caller.ask(last_update=first)).headers["x-gitlab-last-update"] == first
    gitlab.enqueue()
    assert (await caller.ask(last_update=first)).status == 201
    assert (await caller.ask(last_update=first)).headers["x-gitlab-last-update"] != first


async def test_long_poll_ends_when_a_job_comes(gitlab: Coordinator, caller: Caller) -> None:
    """As with Workhorse: the held question ends in 204, the next one gets the job."""
    gitlab.queue.long_poll = 8
    value = (await caller.ask()).headers["x-gitlab-last-update"]
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with asyncio.TaskGroup() as group:
        held = group.create_task(caller.ask(last_update=value))
        await wait.until("held", lambda: gitlab.queue.requests[caller.token] == 2, 5, 0.01)
        gitlab.enqueue()
    assert loop.time() - start < 4
    assert held.result().status == 204
    assert "x-gitlab-last-update" not in held.result().headers
    assert (await caller.ask(last_update=value)).status == 201


async def test_long_poll_ends_by_time(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.queue.long_poll = 0.1
    value = (await caller.ask()).headers["x-gitlab-last-update"]
    assert (await caller.ask(last_update=value)).status == 204


async def test_job_of_others_does_not_end_a_long_poll(gitlab: Coordinator, caller: Caller) -> None:
    value = (await caller.ask()).headers["x-gitlab-last-update"]
    gitlab.enqueue({}, ["other"])
    assert (await caller.ask()).headers["x-gitlab-last-update"] == value


async def test_unpaused_runner_is_told_to_look(gitlab: Coordinator, caller: Caller) -> None:
    runner = gitlab.register_runner(paused=True)
    caller.token = runner.token
    gitlab.enqueue()
    value = (await caller.ask()).headers["x-gitlab-last-update"]
    gitlab.change_runner(runner, paused=False)
    assert (await caller.ask(last_update=value)).status == 201


async def test_stop_ends_held_questions(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.queue.long_poll = 60
    value = (await caller.ask()).headers["x-gitlab-last-update"]
    async with asyncio.TaskGroup() as group:
        held = group.create_task(caller.ask(last_update=value))
        await wait.until("held", lambda: gitlab.queue.requests[caller.token] == 2, 5, 0.01)
        await gitlab.stop()
    assert held.result().status == 204


@pytest.mark.parametrize(
    ("payload", "feature"),
    [
        ({"artifacts": [{"artifact_type": "junit"}]}, "upload_multiple_artifacts"),
        ({"artifacts": [{"exclude": ["x"]}]}, "artifacts_exclude"),
        ({"cache": [{"key": "k", "fallback_keys": ["f"]}]}, "fallback_cache_keys"),
        ({"steps": [{"name": "release"}]}, "multi_build_steps"),
        ({"git_info": {"ref": "refs/merge-requests/1/head"}}, "refspecs"),
    ],
)
async def test_required_feature_that_is_missing_fails_the_job(
    gitlab: Coordinator, caller: Caller, payload: dict[str, Any], feature: str
) -> None:
    lacking, fine = gitlab.enqueue(payload), gitlab.enqueue()
    caller.features[feature] = False
    assert json.loads((await caller.ask()).body)["id"] == fine.id
    assert (lacking.state, lacking.failure_reason) == ("failed", "runner_unsupported")
    caller.features[feature] = True
    again = gitlab.enqueue(payload)
    assert json.loads((await caller.ask()).body)["id"] == again.id


async def test_timeout_is_the_lesser_of_job_and_runner(gitlab: Coordinator, caller: Caller) -> None:
    caller.token = gitlab.register_runner(maximum_timeout=900).token
    gitlab.enqueue()
    gitlab.enqueue({"runner_info": {"timeout": 60}})
    given = [json.loads((await caller.ask()).body)["runner_info"]["timeout"] for _ in range(2)]
    assert given == [900, 60]


async def test_two_phases(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.queue.two_phase = True
    caller.features["two_phase_job_commit"] = True
    job = await caller.take()
    assert job.state == "pending"
    assert (await caller.ask()).status == 204
    early = await caller.patch(job, 0, b"too early")
    assert (early.status, early.headers["job-status"]) == (403, "pending")
    assert (await caller.put(job, "success")).status == 400
    assert (await caller.put(job, "pending")).status == 200
    assert job.state == "pending"
    heard = await caller.put(job, "running")
    assert (heard.status, heard.headers["job-status"]) == (200, "running")
    assert (await caller.patch(job, 0, b"now")).status == 202


async def test_job_that_nobody_acknowledges_is_taken_back(
    gitlab: Coordinator, caller: Caller
) -> None:
    gitlab.queue.two_phase, gitlab.queue.take_back_after = True, 0.05
    caller.features["two_phase_job_commit"] = True
    job = await caller.take()
    await gitlab.wait_until(job.id, lambda job: not job.is_reserved, 5)
    assert (await caller.put(job, "running")).status == 403
    assert (await caller.ask()).status == 201
    assert job.handed_out == 2


async def test_runner_without_the_feature_gets_a_running_job(
    gitlab: Coordinator, caller: Caller
) -> None:
    gitlab.queue.two_phase = True
    assert (await caller.take()).state == "running"


async def test_held_question_may_be_answered_with_the_job(
    gitlab: Coordinator, caller: Caller
) -> None:
    """What GitLab does not do: one question fewer for a run on one machine."""
    gitlab.queue.long_poll, gitlab.queue.hands_out_late = 8, True
    value = (await caller.ask()).headers["x-gitlab-last-update"]
    async with asyncio.TaskGroup() as group:
        held = group.create_task(caller.ask(last_update=value))
        await wait.until("held", lambda: gitlab.queue.requests[caller.token] == 2, 5, 0.01)
        job = gitlab.enqueue()
    assert held.result().status == 201
    assert (await gitlab.wait_state(job.id, "running")).runner == caller.token
    gitlab.force_cancel(job.id)
    with pytest.raises(AssertionError, match="canceled"):
        await gitlab.wait_state(job.id, "running")


async def test_ids_are_given_once(gitlab: Coordinator) -> None:
    assert gitlab.enqueue({"id": 9001}).id == 9001
    assert gitlab.enqueue().id == 9002
    with pytest.raises(ValueError, match="9001"):
        gitlab.enqueue({"id": 9001})


async def test_whole_payload_is_left_as_it_is(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.enqueue_whole(lambda number, token: {"id": number, "token": token, "image": None})
    payload = json.loads((await caller.ask()).body)
    assert payload["image"] is None
    assert "git_info" not in payload
