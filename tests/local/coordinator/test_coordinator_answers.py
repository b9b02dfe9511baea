"""What GitLab's own request specs assert of the runner API, as rows: a deed, a request, an answer.

The other files here test each call in depth; these rows are the specs' own list.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from local.coordinator.caller import Caller, Heard
from podlane.local.coordinator import Coordinator, CoordinatorJob, Fault

Deed = Callable[[Coordinator, CoordinatorJob], object]
Request = Callable[[Caller, CoordinatorJob], Awaitable[Heard]]

INTERVAL = "x-gitlab-trace-update-interval"
UPDATE = "x-gitlab-last-update"


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "a")
    return file.getvalue()


def _nothing(gitlab: Coordinator, job: CoordinatorJob) -> None:
    """Nothing is done before the request."""


def _cancel(gitlab: Coordinator, job: CoordinatorJob) -> None:
    gitlab.cancel(job.id)


def _force_cancel(gitlab: Coordinator, job: CoordinatorJob) -> None:
    gitlab.force_cancel(job.id)


def _finish(gitlab: Coordinator, job: CoordinatorJob) -> None:
    job.finish("failed", "script_failure", 1)


def _write(gitlab: Coordinator, job: CoordinatorJob) -> None:
    job.append(b"hello world")


def _watchless(gitlab: Coordinator, job: CoordinatorJob) -> None:
    gitlab.calls.interval = 60


def _lose(gitlab: Coordinator, job: CoordinatorJob) -> None:
    job.append(b"hello world")
    job.lose_trace()


def _migrate(gitlab: Coordinator, job: CoordinatorJob) -> None:
    gitlab.faults.add(Fault("*", status=503, headers={"Retry-After": "60"}))


def _race(gitlab: Coordinator, job: CoordinatorJob) -> None:
    gitlab.faults.add(Fault("request", status=409))


ROWS: dict[str, tuple[Deed, Request, int, dict[str, str | None]]] = {
    "ask, nothing to do": (_nothing, lambda c, j: c.ask(), 204, {}),
    "ask, two race": (_race, lambda c, j: c.ask(), 409, {UPDATE: None}),
    "ask, migrations run": (_migrate, lambda c, j: c.ask(), 503, {"retry-after": "60"}),
    "ask, no token": (_nothing, lambda c, j: c.call("POST", "/jobs/request", json={}), 400, {}),
    "put success": (
        _nothing,
        lambda c, j: c.put(j, "success"),
        200,
        {"job-status": "success", INTERVAL: None},
    ),
    "put failed": (
        _nothing,
        lambda c, j: c.put(j, "failed"),
        200,
        {"job-status": "failed", INTERVAL: None},
    ),
    "put running": (_nothing, lambda c, j: c.put(j, "running"), 200, {"job-status": "running"}),
    "put, unknown fields": (_nothing, lambda c, j: c.put(j, "success", more={"a": 1}), 200, {}),
    "put, over": (_finish, lambda c, j: c.put(j, "success"), 403, {"job-status": "failed"}),
    "put, canceled": (
        _force_cancel,
        lambda c, j: c.put(j, "success"),
        403,
        {"job-status": "canceled"},
    ),
    "put, canceling": (_cancel, lambda c, j: c.put(j, "running"), 200, {"job-status": "canceling"}),
    "put, migrations run": (_migrate, lambda c, j: c.put(j, "success"), 503, {"retry-after": "60"}),
    "patch": (
        _nothing,
        lambda c, j: c.patch(j, 0, b"hello world"),
        202,
        {"range": "0-11", INTERVAL: "3", "job-status": "running"},
    ),
    "patch, nobody looks": (_watchless, lambda c, j: c.patch(j, 0, b"x"), 202, {INTERVAL: "60"}),
    "patch, keep alive": (
        _write,
        lambda c, j: c.patch(j, 11, b"", "11-11"),
        202,
        {"range": "0-11"},
    ),
    "patch, gap": (_write, lambda c, j: c.patch(j, 20, b"x"), 416, {"range": "0-11"}),
    "patch, overlap": (_write, lambda c, j: c.patch(j, 5, b"x"), 416, {"range": "0-11"}),
    "patch, chunks are lost": (_lose, lambda c, j: c.patch(j, 11, b"x"), 416, {"range": "0-0"}),
    "patch, all again": (_lose, lambda c, j: c.patch(j, 0, b"hello world"), 202, {"range": "0-11"}),
    "patch, canceled": (
        _force_cancel,
        lambda c, j: c.patch(j, 0, b"x"),
        403,
        {"job-status": "canceled"},
    ),
    "patch, canceling": (
        _cancel,
        lambda c, j: c.patch(j, 0, b"x"),
        202,
        {"job-status": "canceling"},
    ),
    "patch, over": (_finish, lambda c, j: c.patch(j, 0, b"x"), 403, {"job-status": "failed"}),
    "upload": (_nothing, lambda c, j: c.upload(j, _zip()), 201, {}),
    "upload, gzip as archive": (
        _nothing,
        lambda c, j: c.upload(j, b"x", artifact_format="gzip"),
        400,
        {},
    ),
    "upload, junit": (
        _nothing,
        lambda c, j: c.upload(
            j, gzip.compress(b"<x/>"), artifact_type="junit", artifact_format="gzip"
        ),
        201,
        {},
    ),
    "upload, raw junit": (
        _nothing,
        lambda c, j: c.upload(j, b"<x/>", artifact_type="junit", artifact_format="raw"),
        400,
        {},
    ),
    "upload, bad dotenv": (
        _nothing,
        lambda c, j: c.upload(
            j, gzip.compress(b"no sign"), artifact_type="dotenv", artifact_format="gzip"
        ),
        400,
        {},
    ),
    "upload, over": (_finish, lambda c, j: c.upload(j, _zip()), 403, {}),
    "download, none": (
        _nothing,
        lambda c, j: c.call("GET", f"/jobs/{j.id}/artifacts", headers={"JOB-TOKEN": j.token}),
        404,
        {},
    ),
    "download, unknown job": (
        _nothing,
        lambda c, j: c.call("GET", "/jobs/999999/artifacts", headers={"JOB-TOKEN": j.token}),
        403,
        {},
    ),
}


@pytest.mark.parametrize("name", ROWS)
async def test_an_answer_of_the_specs(gitlab: Coordinator, caller: Caller, name: str) -> None:
    deed, request, status, headers = ROWS[name]
    job = await caller.take()
    deed(gitlab, job)
    heard = await request(caller, job)
    assert heard.status == status
    assert {key: heard.headers.get(key) for key in headers} == headers


async def test_a_picked_job_is_json_and_tells_no_last_update(
    gitlab: Coordinator, caller: Caller
) -> None:
    gitlab.enqueue()
    heard = await caller.ask()
    assert heard.status == 201
    assert heard.headers["content-type"].startswith("application/json")
    assert UPDATE not in heard.headers


async def test_a_manager_is_known_by_its_system_id(gitlab: Coordinator, caller: Caller) -> None:
    runner = gitlab.runners.known[caller.token]
    for system_id in ("s_one", "s_two", "s_one"):
        await caller.ask(system_id=system_id, info={"version": system_id, "features": {}})
    assert {key: info["version"] for key, info in runner.managers.items()} == {
        "s_one": "s_one",
        "s_two": "s_two",
    }


@pytest.mark.parametrize(
    ("payload", "key", "value"),
    [
        ({"git_info": {"depth": 0}}, "refspecs", 3),
        ({"git_info": {"depth": 5}}, "refspecs", 2),
        ({"git_info": {"ref": "v1", "ref_type": "tag", "depth": 5}}, "refspecs", 2),
        ({"git_info": {"ref": "refs/merge-requests/1/head", "depth": 5}}, "refspecs", 1),
    ],
)
async def test_refspecs_begin_with_the_pipelines_own(
    caller: Caller, payload: dict[str, Any], key: str, value: int
) -> None:
    job = await caller.take(**payload)
    specs = job.payload["git_info"][key]
    assert len(specs) == value
    assert specs[0] == "+refs/pipelines/700:refs/pipelines/700"
