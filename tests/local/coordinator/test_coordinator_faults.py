"""Faults: each kind does what it says, as often as it says, to whom it says."""

from __future__ import annotations

import json
import time
from typing import Any

import aiohttp
import pytest

from local.coordinator.caller import Caller
from podlane.local.coordinator import Coordinator, CoordinatorJob, Fault
from podlane.local.coordinator.faults import Kind, call_of


@pytest.fixture
async def job(caller: Caller) -> CoordinatorJob:
    return await caller.take()


@pytest.mark.parametrize(
    ("method", "path", "call", "job_id"),
    [
        ("POST", "/api/v4/jobs/request", "request", 0),
        ("PUT", "/api/v4/jobs/12", "update", 12),
        ("PATCH", "/api/v4/jobs/12/trace", "trace", 12),
        ("POST", "/api/v4/jobs/12/artifacts", "upload", 12),
        ("GET", "/api/v4/jobs/12/artifacts", "download", 12),
        ("POST", "/api/v4/runners/verify", "verify", 0),
        ("POST", "/api/v4/runners", "register", 0),
        ("DELETE", "/api/v4/runners", "unregister", 0),
        ("DELETE", "/api/v4/runners/managers", "unregister", 0),
        ("POST", "/api/v4/runners/3/reset_authentication_token", "reset", 0),
        ("POST", "/api/v4/runners/reset_authentication_token", "reset", 0),
        ("GET", "/acme/demo.git/info/refs", "git", 0),
        ("GET", "/elsewhere", "other", 0),
    ],
)
def test_names_of_calls(method: str, path: str, call: str, job_id: int) -> None:
    assert call_of(method, path) == (call, job_id)


async def test_status_so_many_times(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    headers = {"Retry-After": "7"}
    fault = gitlab.faults.add(Fault("trace", status=503, times=2, skip=1, headers=headers))
    answers = [await caller.patch(job, n, b"x") for n in (0, 1, 1, 1)]
    assert [heard.status for heard in answers] == [202, 503, 503, 202]
    assert answers[1].headers["retry-after"] == "7"
    assert job.trace == b"xx"
    assert fault.hits == 2


async def test_status_for_a_time(gitlab: Coordinator, caller: Caller) -> None:
    fault = gitlab.faults.add(Fault("request", status=500, until=time.time() + 60))
    assert [(await caller.ask()).status for _ in range(3)] == [500] * 3
    fault.until = time.time() - 1
    assert (await caller.ask()).status == 204
    assert not gitlab.faults.waiting


async def test_drop_before_it_is_done(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    gitlab.faults.add(Fault("trace", "drop"))
    with pytest.raises(aiohttp.ClientError):
        await caller.patch(job, 0, b"lost")
    assert job.trace == b""
    assert gitlab.requests[-1].status == 0
    assert (await caller.patch(job, 0, b"here")).status == 202


async def test_drop_after_it_is_done(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    gitlab.faults.add(Fault("trace", "drop_after"))
    with pytest.raises(aiohttp.ClientError):
        await caller.patch(job, 0, b"kept")
    assert job.trace == b"kept"
    assert (await caller.patch(job, 0, b"kept")).status == 202
    assert job.trace == b"kept"


async def test_status_after_it_is_done(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    gitlab.faults.add(Fault("update", "status_after", status=502, state="success"))
    assert (await caller.put(job, "running")).status == 200
    assert (await caller.put(job, "success")).status == 502
    assert job.state == "success"
    again = await caller.put(job, "success")
    assert (again.status, again.headers["job-status"]) == (403, "success")


async def test_cut_answer(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.faults.add(Fault("request", "cut"))
    with pytest.raises(aiohttp.ClientError):
        await caller.ask()


async def test_slow(gitlab: Coordinator, caller: Caller) -> None:
    gitlab.faults.add(Fault("request", "slow", seconds=0.1))
    start = time.monotonic()
    assert (await caller.ask()).status == 204
    assert time.monotonic() - start >= 0.1


async def test_lost_chunks(gitlab: Coordinator, caller: Caller, job: CoordinatorJob) -> None:
    """GitLab lost what it had: it says so, and a full resend works."""
    await caller.patch(job, 0, b"hello ")
    gitlab.faults.add(Fault("trace", "lose"))
    heard = await caller.patch(job, 6, b"world")
    assert (heard.status, heard.headers["range"]) == (416, "0-0")
    assert (await caller.patch(job, 0, b"hello world")).status == 202
    output = {"checksum": "crc32:0d4a1185", "bytesize": 11}
    await caller.put(job, "success", output=output)
    assert job.checksum_matches


@pytest.mark.parametrize(
    ("kind", "status", "word"), [("cancel", 202, "canceling"), ("force_cancel", 403, "canceled")]
)
async def test_cancel_now(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob, kind: Kind, status: int, word: str
) -> None:
    gitlab.faults.add(Fault("trace", kind))
    heard = await caller.patch(job, 0, b"x")
    assert (heard.status, heard.headers["job-status"]) == (status, word)


async def test_fault_of_one_job_leaves_the_others(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    other = await caller.take()
    gitlab.faults.add(Fault("*", status=409, job=other.id))
    assert (await caller.put(job, "running")).status == 200
    assert (await caller.put(other, "running")).status == 409


async def test_conflict_leaves_the_job_in_the_queue(gitlab: Coordinator, caller: Caller) -> None:
    job = gitlab.enqueue()
    gitlab.faults.add(Fault("request", status=409))
    assert (await caller.ask()).status == 409
    assert json.loads((await caller.ask()).body)["id"] == job.id
    gitlab.faults.clear()


@pytest.mark.parametrize(("call", "kind"), [("traces", "status"), ("trace", "dropp")])
def test_fault_that_would_never_come_is_refused(call: str, kind: Any) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        Fault(call, kind)
