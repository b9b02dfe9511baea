"""Both senders against the embedded GitLab, which was written from the protocol by others."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podlane.clients.gitlab.artifacts import Sending
from podlane.clients.gitlab.blocking import BlockingJobApi
from podlane.clients.gitlab.calls import JobAccess, JobRequest, Update
from podlane.clients.gitlab.info import build_info
from podlane.clients.gitlab.job_api import JobApi
from podlane.clients.gitlab.runner_api import RunnerApi
from podlane.clients.http.session import HttpSession
from podlane.core.job.payload import parse_job
from podlane.core.text.token import Token
from podlane.core.trace.reply import Word
from podlane.errors import Rejected
from podlane.local.coordinator.app import Coordinator

INFO = build_info("1.0", {})


@pytest.fixture
async def gitlab(tmp_path: Path) -> AsyncIterator[Coordinator]:
    made = Coordinator(tmp_path)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def session() -> AsyncIterator[HttpSession]:
    made = HttpSession(user_agent="podlane test")
    yield made
    await made.close()


async def test_a_job_from_question_to_end(gitlab: Coordinator, session: HttpSession) -> None:
    runner = gitlab.register_runner()
    api, token = RunnerApi(session, gitlab.url), Token(runner.token)
    identity = await api.verify(token, "r_1", INFO)
    assert identity.token == token
    empty = await api.request_job(JobRequest(token, "r_1", INFO))
    assert empty.body is None
    assert empty.last_update
    job = gitlab.enqueue({"steps": [{"name": "script", "script": ["true"]}]})
    answer = await api.request_job(JobRequest(token, "r_1", INFO, empty.last_update))
    if answer.body is None:  # a long poll ends with 204 when there is something new
        answer = await api.request_job(JobRequest(token, "r_1", INFO, answer.last_update))
    assert answer.body is not None
    assert parse_job(answer.body).id == job.id == json.loads(answer.body)["id"]

    access = JobAccess(gitlab.url, job.id, Token(job.token), INFO)
    manager, helper = JobApi(session), BlockingJobApi(access, user_agent="podlane test")
    assert (await manager.update(access, Update("running"))).word is Word.DONE
    assert (await manager.append_trace(access, 0, b"wait\n")).offset == 5
    assert (await asyncio.to_thread(helper.trace_size)).offset == 5
    assert (await manager.trace_size(access)).offset == 5
    assert (await asyncio.to_thread(helper.append_trace, 0, b"again")).offset == 5
    assert (await asyncio.to_thread(helper.append_trace, 5, b"done\n")).word is Word.DONE
    assert job.trace == b"wait\ndone\n"
    checksum = f"crc32:{zlib.crc32(job.trace):08x}"
    final = Update("success", checksum=checksum, bytesize=10)
    assert (await asyncio.to_thread(helper.update, final)).word is Word.DONE
    assert (job.state, job.checksum_matches) == ("success", True)
    again = await asyncio.to_thread(helper.update, final)
    assert (again.word, again.job_status) == (Word.STOP, "success")
    helper.close()


async def test_cancel_is_heard(gitlab: Coordinator, session: HttpSession) -> None:
    runner = gitlab.register_runner()
    job = gitlab.enqueue()
    api, token = RunnerApi(session, gitlab.url), Token(runner.token)
    assert (await api.request_job(JobRequest(token, "r_1", INFO))).body
    access = JobAccess(gitlab.url, job.id, Token(job.token), INFO)
    await JobApi(session).update(access, Update("running"))
    gitlab.cancel(job.id)
    reply = await JobApi(session).append_trace(access, 0, b"x")
    assert (reply.word, reply.is_canceling) == (Word.DONE, True)
    gitlab.force_cancel(job.id)
    reply = await JobApi(session).update(access, Update("running"))
    assert (reply.word, reply.job_status) == (Word.STOP, "canceled")


async def test_a_wrong_token_is_refused(gitlab: Coordinator, session: HttpSession) -> None:
    api = RunnerApi(session, gitlab.url)
    with pytest.raises(Rejected) as caught:
        await api.request_job(JobRequest(Token("glrt-wrong"), "r_1", INFO))
    assert caught.value.status == 403
    with pytest.raises(Rejected):
        await api.verify(Token("glrt-wrong"), "r_1", INFO)


async def test_artifacts_go_there_and_back(
    gitlab: Coordinator, session: HttpSession, tmp_path: Path
) -> None:
    gitlab.register_runner("glrt-a")
    job = gitlab.enqueue()
    asked = JobRequest(Token("glrt-a"), "r_1", INFO)
    assert (await RunnerApi(session, gitlab.url).request_job(asked)).body
    access = JobAccess(gitlab.url, job.id, Token(job.token), INFO)
    await JobApi(session).update(access, Update("running"))
    api = BlockingJobApi(access, user_agent="podlane test")
    source, target = tmp_path / "junit.xml.gz", tmp_path / "back"
    source.write_bytes(b"\x1f\x8b" + b"x" * 100_000)
    query = "artifact_type=junit&artifact_format=gzip"
    sent = await asyncio.to_thread(api.artifacts.upload, Sending(source, "junit.xml.gz", query))
    assert sent.status == 201
    assert job.artifacts["junit"].read_bytes() == source.read_bytes()
    token = Token(job.token)
    received = await asyncio.to_thread(
        lambda: api.artifacts.download(
            job.id, token, target, is_direct=True, progress=lambda _: None
        )
    )
    assert received.status == 404
    api.close()
