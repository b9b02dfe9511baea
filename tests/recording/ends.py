"""The states to record in which something has ended, or was refused."""

from __future__ import annotations

from recording.shape import (
    BUSY,
    CHILD,
    DEFERRED,
    EATS,
    SMALL,
    STUBBORN,
    Case,
    delete,
    ended,
    has_failed,
    is_deleting,
    kill,
    pod,
    says,
)

ENDS: tuple[Case, ...] = (
    Case(
        "no-shell",
        "the command of the build container is not in its image",
        pod("no-shell", helper={"command": DEFERRED}, build={"command": ["/nobody/has/this"]}),
        ended("helper", "build"),
    ),
    Case(
        "command-not-executable",
        "the command of the build container may not be executed",
        pod(
            "command-not-executable",
            helper={"command": DEFERRED},
            build={"command": ["/etc/passwd"]},
        ),
        ended("helper", "build"),
    ),
    Case(
        "entrypoint-ended",
        "an entrypoint that is kept ended by itself",
        pod(
            "entrypoint-ended",
            helper={"command": says('{"state":"deferred","outcome":{"state":"failed"}}')},
            build={"command": ["sh", "-c", "exit 3"], "args": ["sh"]},
        ),
        ended("helper", "build"),
    ),
    Case(
        "build-killed",
        "somebody killed the build container's process 1",
        pod("build-killed", helper={"command": ["sh", "-c", "sleep 6; " + DEFERRED[2]]}),
        ended("helper", "build"),
        then=kill("build"),
    ),
    Case(
        "memory-build",
        "the build container's main process was killed for memory (cgroup v1)",
        pod("memory-build", helper={"command": DEFERRED}, build=SMALL | {"command": EATS}),
        ended("helper", "build"),
    ),
    Case(
        "memory-build-child",
        "a child was killed for memory, and the container ended well (cgroup v1)",
        pod(
            "memory-build-child",
            helper={
                "command": says('{"state":"accepted","outcome":{"state":"success"},"sent":10}')
            },
            build=SMALL | {"command": CHILD},
        ),
        ended("helper", "build"),
    ),
    Case(
        "memory-service",
        "a service was killed for memory",
        pod("memory-service", helper=BUSY, db=SMALL | {"command": EATS}),
        ended("db"),
    ),
    Case(
        "memory-helper",
        "the helper was killed for memory, without a word",
        pod("memory-helper", helper=SMALL | {"command": EATS}),
        ended("helper"),
    ),
    Case(
        "service-ended",
        "a service ended by itself",
        pod("service-ended", db={"command": ["sh", "-c", "exit 4"]}),
        ended("db"),
    ),
    Case(
        "helper-killed",
        "the helper was killed, without a word",
        pod("helper-killed", helper={"terminationMessagePolicy": "FallbackToLogsOnError"}),
        ended("helper"),
        then=kill("helper"),
    ),
    Case(
        "helper-killed-decided",
        "the helper was killed after it had decided and before GitLab had the outcome",
        pod(
            "helper-killed-decided",
            helper={
                "command": [
                    "sh",
                    "-c",
                    'printf \'{"state":"decided","outcome":{"state":"failed","failure_reason":'
                    '"script_failure","exit_code":7}}\' >/dev/termination-log; sleep 300',
                ]
            },
        ),
        ended("helper"),
        then=kill("helper"),
    ),
    Case(
        "helper-crashed",
        "the helper ended with 1 and printed why",
        pod(
            "helper-crashed",
            helper={
                "command": ["sh", "-c", "echo MemoryError >&2; exit 1"],
                "terminationMessagePolicy": "FallbackToLogsOnError",
            },
        ),
        ended("helper"),
    ),
    Case(
        "helper-not-ours",
        "the helper's image has no podlane",
        pod("helper-not-ours", helper={"command": ["podlane", "helper"]}),
        ended("helper"),
    ),
    Case(
        "deadline",
        "activeDeadlineSeconds is over",
        pod("deadline", {"activeDeadlineSeconds": 3}),
        lambda pod, _: pod["status"].get("reason") == "DeadlineExceeded",
    ),
    Case(
        "deleted",
        "somebody deleted the pod; the helper still speaks for itself",
        pod("deleted", helper={"command": STUBBORN}),
        is_deleting,
        then=delete,
    ),
    Case(
        "deleted-gone",
        "somebody deleted the pod, and it is gone",
        pod("deleted-gone"),
        is_deleting,
        then=delete,
        waits_for_end=True,
    ),
    Case(
        "refused-service-account",
        "the API refuses a pod whose service account is not there",
        pod("refused-service-account", {"serviceAccountName": "nobody"}),
        has_failed,
        is_refused=True,
    ),
    Case(
        "refused-runtime-class",
        "the API refuses a pod whose RuntimeClass is not there",
        pod("refused-runtime-class", {"runtimeClassName": "nobody"}),
        has_failed,
        is_refused=True,
    ),
    Case(
        "refused-priority-class",
        "the API refuses a pod whose PriorityClass is not there",
        pod("refused-priority-class", {"priorityClassName": "nobody"}),
        has_failed,
        is_refused=True,
    ),
    Case(
        "refused-quota",
        "a quota is used up",
        pod("refused-quota", build={"resources": {"limits": {"example.com/nothing": "1"}}}),
        has_failed,
        objects=(
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "few"},
                "spec": {"hard": {"requests.example.com/nothing": "0"}},
            },
        ),
        is_refused=True,
    ),
    Case(
        "refused-invalid",
        "the API refuses a pod that is no valid one",
        pod(
            "refused-invalid",
            build={"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}},
        ),
        has_failed,
        is_refused=True,
    ),
)
