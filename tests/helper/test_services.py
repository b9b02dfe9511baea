"""Services as the helper sees them: started, answering, or ended by the manager's word."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from helper.rig import Rig
from podlane.core.job.tell import ServiceEnd, Told
from podlane.core.plan.model import Limits, ServiceCheck
from podlane.core.text.token import Token


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number: int = found.getsockname()[1]
        return number


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[None]:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    async with server:
        yield


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*[mK]", "", text)


def ask_on(rig: Rig, port: int, seconds: float = 30) -> None:
    rig.change(services=(ServiceCheck("db", "postgres:16", (port,), seconds),))
    rig.service_started("db")


async def test_scripts_wait_until_a_service_answers(rig: Rig) -> None:
    port = free_port()
    ask_on(rig, port)
    await rig.start()
    await rig.until_trace(f"Waiting for service db (postgres:16) to answer on port {port}")
    async with listening(port):
        await rig.end()
    assert rig.job.state == "success"
    seen = plain(rig.trace)
    assert seen.index("The services answer after") < seen.index("$ cat hello.txt")
    assert "at most 30s" in seen


async def test_nothing_is_said_of_services_that_are_there(rig: Rig) -> None:
    port = free_port()
    ask_on(rig, port)
    async with listening(port):
        await rig.run()
    assert rig.job.state == "success"
    assert "service" not in rig.trace.lower()


async def test_scripts_wait_for_the_start_of_a_service_without_ports(rig: Rig) -> None:
    rig.change(services=(ServiceCheck("db", "postgres:16"),))
    await rig.start()
    await rig.until_trace("Waiting for the start of services")
    assert "$ cat" not in rig.trace
    rig.service_started("db")
    await rig.end()
    assert rig.job.state == "success"


async def test_a_service_that_is_never_started(rig: Rig) -> None:
    rig.change(services=(ServiceCheck("db", "postgres:16"),))
    rig.change_part("limits", hello=2)
    await rig.run()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "runner_system_failure")
    assert "the service db (postgres:16) was not started within 2s" in plain(rig.trace)


async def test_a_service_that_never_answers_fails_the_job(rig: Rig) -> None:
    port = free_port()
    ask_on(rig, port, seconds=1)
    await rig.run()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "runner_system_failure")
    said = f"the service db (postgres:16) did not answer on port {port} within 1s"
    assert said in plain(rig.trace)
    assert "$ cat" not in rig.trace


async def test_a_service_that_ended_will_not_answer(rig: Rig) -> None:
    port = free_port()
    ask_on(rig, port)
    rig.change_part("trace", masks=(Token("hunter2-hunter2"),))
    await rig.start()
    await rig.until_trace("Waiting for service db")
    tail = "starting up\nFATAL: password hunter2-hunter2 is wrong"
    rig.tell(Told("", (ServiceEnd("db", 3, "Error", tail), ServiceEnd("other", 1))))
    await rig.end()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "runner_system_failure")
    seen = plain(rig.trace)
    assert "service db (postgres:16) has ended: exit code 3. The last it printed:" in seen
    assert "[service:db] FATAL: password [MASKED] is wrong" in seen
    assert f"ended before it answered on port {port}: exit code 3" in seen
    assert seen.count("[service:db] starting up") == 1
    assert "other" not in seen


ENDS = [
    (ServiceEnd("db", 137, "OOMKilled", "", "32Mi"), "limit 32 MiB", "`service_memory_limit`"),
    (ServiceEnd("db", 1, "Error", "bind: Address already in use"), "exit code 1", "share one"),
]


@pytest.mark.parametrize(("end", "what", "hint"), ENDS)
async def test_what_helps_is_said(rig: Rig, end: ServiceEnd, what: str, hint: str) -> None:
    ask_on(rig, free_port())
    rig.tell(Told("", (end,)))
    await rig.run()
    assert what in plain(rig.trace)
    assert hint in plain(rig.trace).split("hint: ")[1]


async def test_a_wait_for_services_ends_at_a_cancel(rig: Rig) -> None:
    ask_on(rig, free_port())
    await rig.start()
    await rig.until_trace("Waiting for service db")
    rig.coordinator.cancel(rig.job.id)
    await rig.end()
    assert "Job failed: canceled" in plain(rig.trace)


async def test_a_wait_for_services_ends_when_the_manager_wants_the_word(rig: Rig) -> None:
    rig.change(services=(ServiceCheck("db", "postgres:16"),))
    await rig.start()
    await rig.until_trace("Waiting for the start of services")
    rig.tell(Told("The image postgres:16 was not found"))
    await rig.end()
    assert rig.word.state == "deferred"
    assert rig.job.state == "running"


async def test_a_wait_for_services_ends_with_the_job(rig: Rig) -> None:
    ask_on(rig, free_port())
    rig.change(limits=Limits(job=3, hello=10, stop_grace=1))
    await rig.run()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "job_execution_timeout")


async def test_a_service_that_stops_later_does_not_fail_the_job(rig: Rig) -> None:
    rig.change(services=(ServiceCheck("db", "postgres:16"),))
    rig.service_started("db")
    rig.tell(Told("", (ServiceEnd("db", 0, "Completed"),)))
    await rig.run()
    assert rig.job.state == "success"
    assert "WARNING" not in rig.trace


@pytest.mark.parametrize("command", ["true", "false"])
async def test_a_service_that_died_is_told_at_the_end(rig: Rig, command: str) -> None:
    rig.change(services=(ServiceCheck("db", "postgres:16"),))
    rig.service_started("db")
    rig.script(command)
    rig.tell(Told("", (ServiceEnd("db", 1, "Error", "disk full"),)))
    await rig.run()
    assert rig.job.state == ("success" if command == "true" else "failed")
    seen = plain(rig.trace)
    assert seen.index("[service:db] disk full") < seen.index("Job ", seen.index("[service:db]"))


async def test_a_failed_job_waits_for_the_news_of_a_service_that_fell_silent(rig: Rig) -> None:
    port = free_port()
    ask_on(rig, port)
    rig.script("until [ -e gone ]; do sleep 0.05; done", "false")
    async with listening(port):
        await rig.start()
        await rig.until_trace("$ until")
    (rig.project / "gone").touch()
    await rig.until_trace("$ false")
    rig.tell(Told("", (ServiceEnd("db", 9, "Error", "gone away"),)))
    await rig.end()
    assert "[service:db] gone away" in plain(rig.trace)


async def test_an_entrypoint_that_never_starts_the_shell(rig: Rig) -> None:
    rig.change(entrypoint=(), image="odd:1")
    rig.change_part("limits", hello=1)
    await rig.start(with_loop=False)
    await rig.end()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "script_failure")  # an old GitLab
    assert "timed out: the entrypoint of odd:1 has not started the shell" in plain(rig.trace)


async def test_memory_that_a_service_did_not_get_is_said_of_the_service_once(rig: Rig) -> None:
    rig.change(services=(ServiceCheck("db", "postgres:16"),))
    rig.service_started("db")
    rig.tell(Told("", (ServiceEnd("db", 137, "OOMKilled", "Cannot allocate memory", "32Mi"),)))
    await rig.run()
    seen = plain(rig.trace)
    assert seen.count("ran out of memory") == 1
    assert "The service db ran out of memory" in seen
