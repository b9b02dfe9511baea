"""What is counted, and how it is shown."""

from __future__ import annotations

import pytest

from podlane.clients.http.request import Request
from podlane.manager.metrics.histogram import Histogram
from podlane.manager.metrics.tally import Tally


def test_a_histogram_counts_up_to_each_bound() -> None:
    found = Histogram((1, 5))
    for value in (0.5, 1, 2, 7):
        found.observe(("a",), value)
    [(labels, buckets, total)] = found.rows()
    assert (labels, total) == (("a",), 10.5)
    assert buckets == [("1.0", 2), ("5.0", 3), ("+Inf", 4)]


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("GET", "/api/v1/namespaces/ci/pods?labelSelector=a&watch=1", ("watch", "pods")),
        ("GET", "/api/v1/namespaces/ci/pods?limit=500", ("list", "pods")),
        ("GET", "/api/v1/secrets?watch=true", ("watch", "secrets")),
        ("GET", "/api/v1/namespaces/ci/pods/runner-1", ("get", "pods")),
        ("GET", "/api/v1/namespaces/ci/pods/runner-1/log?follow=true", ("get", "pods/log")),
        ("POST", "/api/v1/namespaces/ci/pods", ("create", "pods")),
        ("PATCH", "/api/v1/namespaces/ci/pods/x", ("patch", "pods")),
        ("DELETE", "/api/v1/namespaces/ci-job-7", ("delete", "namespaces")),
        ("GET", "/api/v1/namespaces/ci-job-7", ("get", "namespaces")),
        ("GET", "/api/v1/namespaces?watch=1", ("watch", "namespaces")),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/ci/leases/x", ("update", "leases")),
        ("GET", "/version", ("list", "")),
    ],
)
def test_a_call_is_counted_by_verb_and_resource(
    method: str, path: str, asked: tuple[str, str]
) -> None:
    tally = Tally()
    tally.of_kubernetes(Request(method, f"https://10.0.0.1:6443{path}", {}, b""), 200, 0.1)
    assert dict(tally.kubernetes) == {(*asked, "200"): 1}


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [
        ("POST", "/api/v4/jobs/request", "request_job"),
        ("PUT", "/gitlab/api/v4/jobs/17", "update_job"),
        ("PATCH", "/api/v4/jobs/17/trace?debug_trace=false", "patch_trace"),
        ("POST", "/api/v4/runners/reset_authentication_token", "reset_token"),
        ("POST", "/api/v4/runners/verify", "other"),
    ],
)
def test_a_call_of_gitlab_is_counted_by_endpoint(method: str, path: str, endpoint: str) -> None:
    tally = Tally()
    tally.of_gitlab("r1")(Request(method, f"https://gitlab.example{path}", {}, b""), 0, 0.1)
    assert dict(tally.statuses) == {("r1", endpoint, "none", method.lower()): 1}
