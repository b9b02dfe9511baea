"""PUT /jobs/:id and PATCH /jobs/:id/trace: offsets, states, checksums, cancel."""

from __future__ import annotations

import asyncio
import time
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.coordinator.caller import Caller
from podlane.local.coordinator import Coordinator, CoordinatorJob


@pytest.fixture
async def job(caller: Caller) -> CoordinatorJob:
    return await caller.take()


def _sum(data: bytes) -> dict[str, Any]:
    return {"output": {"checksum": f"crc32:{zlib.crc32(data):08x}", "bytesize": len(data)}}


@pytest.mark.parametrize(
    ("stored", "start", "data", "content_range", "status", "size"),
    [
        (b"", 0, b"hello", "", 202, 5),
        (b"hello", 5, b" you", "", 202, 9),
        (b"hello", 0, b"hello", "", 202, 5),  # the answer got lost: the same once more
        (b"hello", 2, b"llo", "", 202, 5),
        (b"hello", 6, b"gap", "", 416, 5),
        (b"hello", 3, b"overlap", "", 416, 5),
        (b"hello", 0, b"other", "", 202, 5),  # GitLab compares sizes, not bytes
        (b"hello", 5, b"", "5-5", 202, 5),
        (b"hello", 1, b"", "1-1", 416, 5),
        (b"", 1, b"", "1-1", 416, 0),
        (b"hello", 5, b"you", "bytes 5-7/8", 400, 5),
        (b"hello", 5, b"you", "x", 400, 5),
    ],
)
async def test_append(
    caller: Caller,
    job: CoordinatorJob,
    stored: bytes,
    start: int,
    data: bytes,
    content_range: str,
    status: int,
    size: int,
) -> None:
    if stored:
        await caller.patch(job, 0, stored)
    heard = await caller.patch(job, start, data, content_range)
    assert (heard.status, job.trace_size) == (status, size)
    assert heard.headers["job-status"] == "running"
    if status != 400:
        assert heard.headers["range"] == f"0-{size}"
        assert heard.headers["x-gitlab-trace-update-interval"] == "3"
    assert job.trace == (stored + data if start == len(stored) and status == 202 else stored)
    assert job.mismatches == (status == 416)


async def test_no_range_is_400(caller: Caller, job: CoordinatorJob) -> None:
    headers = {"JOB-TOKEN": job.token}
    heard = await caller.call("PATCH", f"/jobs/{job.id}/trace", data=b"x", headers=headers)
    assert heard.status == 400


async def test_end_that_is_not_inclusive_is_noted(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    assert (await caller.patch(job, 0, b"hello", "0-5")).status == 202
    assert gitlab.calls.breaches == [f"job {job.id}: Content-Range 0-5 for 5 bytes"]


@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_what_no_runner_sends_is_noted(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    """The probe for the size alone has no body, and a piece is of 1 MiB at most."""
    assert (await caller.patch(job, 1, b"", "1-1")).status == 416
    assert gitlab.calls.breaches == []
    await caller.patch(job, 0, b"", "0-0")
    await caller.patch(job, 0, b"x" * ((1 << 20) + 1))
    assert gitlab.calls.breaches == [
        f"job {job.id}: nothing to append at 0-0",
        f"job {job.id}: 1048577 bytes in one piece",
    ]


@pytest.mark.parametrize(
    ("age", "pause"), [(0, 1), (3.5, 1), (4, 2), (15, 4), (63, 16), (127, 32), (500, 64)]
)
async def test_later_is_later_the_longer_it_takes(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob, age: float, pause: int
) -> None:
    gitlab.calls.pending_answers = 1
    job.moments["final_update"] = time.time() - age
    heard = await caller.put(job, "success", **_sum(b""))
    assert heard.headers["x-gitlab-trace-update-interval"] == str(pause)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pieces=st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=20)), max_size=8))
async def test_only_the_exact_end_grows(
    caller: Caller, job: CoordinatorJob, pieces: list[tuple[int, bytes]]
) -> None:
    for start, data in pieces:
        before = job.trace
        heard = await caller.patch(job, start, data, f"{start}-{max(start + len(data) - 1, 0)}")
        grown = before + data if start == len(before) else before
        assert job.trace == grown
        assert heard.status == (202 if len(grown) == start + len(data) else 416)
        assert heard.headers["range"] == f"0-{len(grown)}"


async def test_trace_over_the_limit_fails_the_job(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    gitlab.calls.limit_bytes = 10
    assert (await caller.patch(job, 0, b"x" * 10)).status == 202
    heard = await caller.patch(job, 10, b"x")
    assert (heard.status, heard.headers["job-status"]) == (403, "failed")
    assert (job.failure_reason, job.trace_size) == ("trace_size_exceeded", 10)


async def test_high_offset_fails_the_job_too(caller: Caller, job: CoordinatorJob) -> None:
    assert (await caller.patch(job, 10**12, b"x")).status == 403
    assert job.failure_reason == "trace_size_exceeded"


async def test_debug_trace_is_noted(caller: Caller, job: CoordinatorJob) -> None:
    headers = {"JOB-TOKEN": job.token, "Content-Range": "0-0"}
    path = f"/jobs/{job.id}/trace?debug_trace=true"
    await caller.call("PATCH", path, data=b"x", headers=headers)
    assert job.is_debug


async def test_wrong_job_or_token_is_403(caller: Caller, job: CoordinatorJob) -> None:
    headers = {"JOB-TOKEN": "wrong", "Content-Range": "0-0"}
    for number in (job.id, 999_999):
        path = f"/jobs/{number}"
        assert (await caller.call("PUT", path, json={"token": "x"})).status == 403
        heard = await caller.call("PATCH", f"{path}/trace", data=b"x", headers=headers)
        assert heard.status == 403
        assert "job-status" not in heard.headers


@pytest.mark.parametrize(
    ("state", "more", "ended", "reason", "code"),
    [
        ("success", {}, "success", "", 0),
        (
            "failed",
            {"failure_reason": "script_failure", "exit_code": 7},
            "failed",
            "script_failure",
            7,
        ),
        ("failed", {"failure_reason": "no such"}, "failed", "unknown_failure", 0),
        ("failed", {}, "failed", "unknown_failure", 0),
        ("success", {"unknown": 1, "failure_reason": "script_failure"}, "success", "", 0),
    ],
)
async def test_final_update(
    caller: Caller,
    job: CoordinatorJob,
    state: str,
    more: dict[str, Any],
    ended: str,
    reason: str,
    code: int,
) -> None:
    heard = await caller.put(job, state, **more)
    assert (heard.status, heard.headers["job-status"]) == (200, ended)
    assert "x-gitlab-trace-update-interval" not in heard.headers
    assert (job.state, job.failure_reason, job.exit_code) == (ended, reason, code)
    again = await caller.put(job, state, **more)
    assert (again.status, again.headers["job-status"]) == (403, ended)


async def test_token_in_the_header_alone(caller: Caller, job: CoordinatorJob) -> None:
    headers = {"JOB-TOKEN": job.token}
    heard = await caller.call("PUT", f"/jobs/{job.id}", json={"state": "running"}, headers=headers)
    assert heard.status == 200
    assert len(job.touched) == 1
    assert "acknowledged" in job.moments


@pytest.mark.parametrize("body", [b"[]", b"{", b""])
async def test_what_is_no_update_is_refused(
    caller: Caller, job: CoordinatorJob, body: bytes
) -> None:
    headers = {"JOB-TOKEN": job.token}
    assert (await caller.call("PUT", f"/jobs/{job.id}", data=body, headers=headers)).status == 400


async def test_checksum_is_compared_to_the_letter(caller: Caller) -> None:
    data = b"hello"
    for output, matches in (
        (_sum(data), True),
        (_sum(b"hellO"), False),
        ({"output": _sum(data)["output"] | {"bytesize": 4}}, False),
        ({"output": {"checksum": "crc32:3610A686", "bytesize": 5}}, False),
        ({}, None),
    ):
        job = await caller.take()
        await caller.patch(job, 0, data[:2])
        await caller.patch(job, 2, data[2:])
        assert (await caller.put(job, "success", **output)).status == 200
        assert job.checksum_matches is matches


async def test_final_update_waits_while_the_trace_is_not_complete(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    gitlab.calls.pending_answers = 2
    for _ in range(2):
        heard = await caller.put(job, "success", **_sum(b""))
        assert (heard.status, heard.headers["job-status"]) == (202, "running")
        assert heard.headers["x-gitlab-trace-update-interval"] == "1"
    assert (await caller.put(job, "success", **_sum(b""))).status == 200
    assert job.final_tries == 3


async def test_without_a_checksum_nothing_waits(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    gitlab.calls.pending_answers = 2
    assert (await caller.put(job, "success")).status == 200


async def test_graceful_cancel(gitlab: Coordinator, caller: Caller, job: CoordinatorJob) -> None:
    gitlab.cancel(job.id)
    for heard in (await caller.put(job, "running"), await caller.patch(job, 0, b"x")):
        assert heard.status in (200, 202)
        assert heard.headers["job-status"] == "canceling"
    heard = await caller.put(job, "failed", failure_reason="unknown_failure")
    assert heard.status == 200
    assert job.state == "canceled"


async def test_cancel_of_a_runner_that_knows_no_grace(gitlab: Coordinator, caller: Caller) -> None:
    caller.features = {}
    job = await caller.take()
    gitlab.cancel(job.id)
    for heard in (await caller.put(job, "running"), await caller.patch(job, 0, b"x")):
        assert (heard.status, heard.headers["job-status"]) == (403, "canceled")


async def test_cancel_of_a_waiting_job(gitlab: Coordinator, caller: Caller) -> None:
    job = gitlab.enqueue()
    gitlab.cancel(job.id)
    assert job.state == "canceled"
    assert (await caller.ask()).status == 204


async def test_force_cancel(gitlab: Coordinator, caller: Caller, job: CoordinatorJob) -> None:
    gitlab.cancel(job.id)
    gitlab.force_cancel(job.id)
    assert (await caller.put(job, "failed")).status == 403
    assert job.state == "canceled"


async def test_listener_and_follower_hear_all(gitlab: Coordinator, caller: Caller) -> None:
    listener = gitlab.listen()
    job = await caller.take()
    seen = bytearray()

    async def follow() -> None:
        async for data in gitlab.follow(job.id):
            seen.extend(data)

    async with asyncio.TaskGroup() as group:
        group.create_task(follow())
        for number in range(20):
            assert (await caller.patch(job, 3 * number, b"abc")).status == 202
        await caller.put(job, "success")
    listener.close()
    states = [change.state async for change in listener]
    assert states == ["created", "pending", "running", "success"]
    assert bytes(seen) == b"abc" * 20
    assert (await gitlab.wait_finished(job.id)).moments.keys() >= {"first_byte", "final_update"}


async def test_waiting_in_vain_says_what_was_seen(gitlab: Coordinator) -> None:
    job = gitlab.enqueue()
    with pytest.raises(TimeoutError, match="pending, handed out 0 times, 0 bytes"):
        await gitlab.wait_finished(job.id, 0.01)


async def test_nothing_kept_or_printed_shows_a_token(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    await caller.put(job, "running")
    shown = repr((job, gitlab.runners, gitlab.queue, gitlab.calls, gitlab.requests))
    assert job.token not in shown
    assert caller.token not in shown
    assert [(line.call, line.job, line.status) for line in gitlab.requests] == [
        ("request", 0, 201),
        ("update", job.id, 200),
    ]
