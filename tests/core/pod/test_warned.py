"""What a pod's warnings say of a fault that no waiting mends, and what they leave open."""

from __future__ import annotations

from typing import Any

import pytest

from core.pod.states import BUSY, RUNNING, pod, waiting
from podlane.core.pod.finding import Warned
from podlane.core.pod.state import parse_pod
from podlane.core.pod.warned import lasting, may_lack, of_warnings

MOUNT = 'MountVolume.SetUp failed for volume "v" : '
SANDBOX = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to "
POD = parse_pod(pod(BUSY, BUSY))


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("FailedMount", f'{MOUNT}secret "s" not found'),
        ("FailedMount", f'{MOUNT}configmap "c" not found'),
        ("FailedMount", f"{MOUNT}references non-existent secret key: a"),
        ("FailedMount", f"{MOUNT}references non-existent config key: a"),
        ("FailedMount", f'{MOUNT}[secret "s" not found, configmap "c" not found]'),
        (
            "FailedMount",
            "Unable to attach or mount volumes: unmounted volumes=[v]: error processing PVC ci/c: "
            'failed to fetch PVC from API server: persistentvolumeclaims "c" not found',
        ),
        (
            "FailedCreatePodSandBox",
            f'{SANDBOX}get sandbox runtime: no runtime for "x" is configured',
        ),
        (
            "FailedCreatePodSandBox",
            f"{SANDBOX[:-3]}failed to find runtime handler x from runtime list map[]",
        ),
        ("FailedCreatePodSandBox", "the runtime does not support user namespaces"),
        ("FailedCreatePodSandBox", "user namespaces are not supported by the runtime"),
    ],
)
def test_what_is_not_there_fails_the_job_once_it_has_been_said_for_long(
    reason: str, message: str
) -> None:
    said = (Warned("BackOff", "x", 60), Warned(reason, message, 15))
    found = lasting(said, POD, 10)
    assert found is not None
    assert found.reason == "runner_configuration_error"
    assert message[:600] in found.lines[0]
    assert lasting((Warned(reason, message, 7),), POD, 10) is None
    assert of_warnings(said) == found


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("FailedMount", f"{MOUNT}mount failed: exit status 32: mount.nfs: Connection timed out"),
        ("FailedMount", f"{MOUNT}mount failed: sh: mount.nfs: not found"),
        ("FailedMount", f'{MOUNT}object "ci"/"kube-root-ca.crt" not registered'),
        (
            "FailedMount",
            f"{MOUNT}driver name x not found in the list of registered CSI drivers",
        ),
        ("FailedMount", f"{MOUNT}failed to sync secret cache: timed out waiting"),
        ("FailedMount", f'{MOUNT}secret "runner-a-job-1" not found'),  # the job's own
        ("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1": already used by pod(s) x'),
        ("FailedAttachVolume", 'AttachVolume.Attach failed for volume "pvc-1": disk not found'),
        ("FailedCreatePodSandBox", f"{SANDBOX}setup network: plugin cni: connection refused"),
        ("Unhealthy", f'{MOUNT}secret "s" not found'),
    ],
)
def test_what_may_yet_come_is_waited_for(reason: str, message: str) -> None:
    assert lasting((Warned(reason, message, 300),), POD, 10) is None


@pytest.mark.parametrize(
    ("helper", "build", "more", "may"),
    [
        (BUSY, BUSY, {}, True),
        (None, None, {}, True),
        (BUSY, BUSY, {"node": ""}, False),
        (RUNNING, BUSY, {}, False),
        (BUSY, waiting("ErrImagePull", "x"), {}, False),
        (BUSY, waiting("CreateContainerConfigError", "x"), {}, False),
        (BUSY, BUSY, {"status": {"phase": "Failed"}}, False),
        (BUSY, BUSY, {"metadata": {"deletionTimestamp": "1970-01-12T13:46:50Z"}}, False),
    ],
)
def test_only_a_pod_whose_status_is_silent_is_asked_about(
    helper: dict[str, Any] | None, build: dict[str, Any] | None, more: dict[str, Any], *, may: bool
) -> None:
    assert may_lack(parse_pod(pod(helper, build, **more))) is may


def test_a_node_that_cannot_make_a_sandbox_is_told_apart_from_the_job() -> None:
    found = of_warnings([Warned("FailedCreatePodSandBox", f"{SANDBOX}setup network")])
    assert found is not None
    assert found.reason == "runner_system_failure"
    assert "network plugin" in found.lines[1]
