"""What is sent to GitLab, call by call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from podlane.clients.gitlab import calls
from podlane.clients.gitlab.calls import JobAccess, JobRequest, Update
from podlane.clients.gitlab.info import build_info
from podlane.clients.http.request import Request
from podlane.core.text.token import Token

INFO = {"name": "podlane"}
JOB = JobAccess("https://h/gitlab/", 7, Token("glcbt-job"), INFO)


def sent(request: Request) -> dict[str, Any]:
    assert isinstance(request.body, bytes)
    found: dict[str, Any] = json.loads(request.body)
    return found


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://h", "https://h/api/v4/x"),
        ("https://h/", "https://h/api/v4/x"),
        ("https://h/ci", "https://h/api/v4/x"),
        ("https://h/gitlab/ci/", "https://h/gitlab/api/v4/x"),
        ("http://h:8080/gitlab", "http://h:8080/gitlab/api/v4/x"),
        ("https://ci", "https://ci/api/v4/x"),
    ],
)
def test_root_of_the_api(url: str, whole: str) -> None:
    assert calls.api(url, "x") == whole


def test_question_for_a_job() -> None:
    first = calls.request_job("https://h", JobRequest(Token("glrt-t"), "r_abc", INFO))
    assert (first.method, first.url) == ("POST", "https://h/api/v4/jobs/request")
    assert first.headers["RUNNER-TOKEN"] == "glrt-t"
    assert first.headers["Accept"] == first.headers["Content-Type"] == "application/json"
    assert sent(first) == {"info": INFO, "token": "glrt-t", "system_id": "r_abc"}
    later = calls.request_job("https://h", JobRequest(Token("glrt-t"), "r_abc", INFO, "f00"))
    assert sent(later)["last_update"] == "f00"


@pytest.mark.parametrize(
    ("update", "body"),
    [
        (Update("running"), {"state": "running", "output": {}}),
        (
            Update("running", checksum="crc32:0000000a", bytesize=12),
            {
                "state": "running",
                "checksum": "crc32:0000000a",
                "output": {"checksum": "crc32:0000000a", "bytesize": 12},
            },
        ),
        (
            Update("failed", "script_failure", 3),
            {"state": "failed", "failure_reason": "script_failure", "exit_code": 3, "output": {}},
        ),
        (Update("success", exit_code=0), {"state": "success", "output": {}}),
    ],
)
def test_update_of_a_job(update: Update, body: dict[str, Any]) -> None:
    request = calls.update_job(JOB, update)
    assert (request.method, request.url) == ("PUT", "https://h/gitlab/api/v4/jobs/7")
    assert request.headers["JOB-TOKEN"] == "glcbt-job"
    assert sent(request) == {"info": INFO, "token": "glcbt-job", **body}


@pytest.mark.parametrize(
    ("offset", "data", "debug", "content_range", "query"),
    [
        (0, b"a", False, "0-0", "debug_trace=false"),
        (10, b"hello", False, "10-14", "debug_trace=false"),
        (0, "ä".encode(), True, "0-1", "debug_trace=true"),
    ],
)
def test_piece_of_a_trace(
    offset: int, data: bytes, debug: bool, content_range: str, query: str
) -> None:
    request = calls.append_trace(JOB, offset, data, is_debug=debug)
    assert (request.method, request.body) == ("PATCH", data)
    assert request.url == f"https://h/gitlab/api/v4/jobs/7/trace?{query}"
    assert request.headers["Content-Range"] == content_range
    assert request.headers["Content-Type"] == "text/plain"


def test_size_of_a_trace_is_asked_with_nothing_at_offset_one() -> None:
    request = calls.trace_size(JOB)
    assert (request.method, request.body) == ("PATCH", b"")
    assert request.headers["Content-Range"] == "1-1"


def test_tokens_are_never_in_a_url() -> None:
    token = Token("glrt-t")
    asked = [
        calls.verify("https://h", token, "s", INFO),
        calls.register("https://h", token, {"run_untagged": False}),
        calls.unregister("https://h", token),
        calls.unregister("https://h", token, "s_1"),
        calls.reset_token("https://h", token),
        calls.reset_token_by_admin("https://h", 5, token),
    ]
    assert [f"{request.method} {request.url.partition('/v4/')[2]}" for request in asked] == [
        "POST runners/verify",
        "POST runners",
        "DELETE runners",
        "DELETE runners/managers",
        "POST runners/reset_authentication_token",
        "POST runners/5/reset_authentication_token",
    ]
    assert not [request for request in asked if "glrt-t" in request.url]
    assert sent(asked[1]) == {"token": "glrt-t", "run_untagged": False}
    assert sent(asked[3]) == {"token": "glrt-t", "system_id": "s_1"}
    assert "RUNNER-TOKEN" not in asked[4].headers
    assert asked[5].headers["PRIVATE-TOKEN"] == "glrt-t"


def test_artifacts_query_names_what_is_set() -> None:
    assert calls.artifacts_query("1 week", "", "zip") == "expire_in=1+week&artifact_format=zip"


def test_info_names_what_is_built_and_denies_the_rest() -> None:
    info = build_info("1.2.3", {"team": "a"}, "pwsh")
    assert (info["name"], info["version"], info["executor"]) == ("podlane", "1.2.3", "kubernetes")
    assert (info["shell"], info["labels"]) == ("pwsh", {"team": "a"})
    features = info["features"]
    assert features["two_phase_job_commit"]
    assert features["refspecs"]
    denied = sorted(name for name, is_built in features.items() if not is_built)
    assert denied == [
        "native_steps_integration",
        "proxy",
        "session",
        "shared",
        "terminal",
    ]
    assert "labels" not in build_info("1", {})
