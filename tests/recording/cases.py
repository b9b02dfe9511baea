"""The states to record in which a pod waits, or is taken away: the pod that gets into each."""

from __future__ import annotations

from recording.shape import (
    DEFERRED,
    HIGH,
    LONG,
    LOW,
    MOUNTED,
    NOBODY,
    PRIVATE,
    PUBLIC,
    ROOT_REFUSED,
    STUBBORN,
    Case,
    ended,
    env,
    evict,
    has_failed,
    is_deleting,
    is_unschedulable,
    pod,
    preempt,
    priority,
    scarce,
    takes_all,
    volume,
    waits,
    warned,
)

CASES: tuple[Case, ...] = (
    Case(
        "evicted-ephemeral-storage",
        "the build container wrote more than its limit of ephemeral storage",
        pod(
            "evicted-ephemeral-storage",
            build={
                "command": ["sh", "-c", "dd if=/dev/zero of=/big bs=1M count=40; sleep 300"],
                "resources": {"limits": {"ephemeral-storage": "10Mi"}},
            },
        ),
        has_failed,
        seconds=150,
    ),
    Case(
        "evicted-emptydir-size",
        "an emptyDir grew beyond its sizeLimit",
        pod(
            "evicted-emptydir-size",
            volume(emptyDir={"sizeLimit": "5Mi"}),
            build=MOUNTED
            | {"command": ["sh", "-c", "dd if=/dev/zero of=/v/big bs=1M count=40; sleep 300"]},
        ),
        has_failed,
        seconds=150,
    ),
    Case(
        "evicted-by-api",
        "the eviction API, as a drain uses it; the containers are still ending",
        pod("evicted-by-api", helper={"command": STUBBORN}),
        is_deleting,
        then=evict,
    ),
    Case(
        "evicted-by-api-gone",
        "the same pod's last state, before it was gone",
        pod("evicted-by-api-gone", helper={"command": LONG}),
        is_deleting,
        then=evict,
        waits_for_end=True,
    ),
    Case(
        "preempted",
        "a pod of a higher PriorityClass took its place",
        pod("preempted", takes_all(LOW), build=scarce()),
        is_deleting,
        then=preempt,
        objects=(priority(HIGH, 1000), priority(LOW, -10)),
    ),
    Case(
        "missing-secret",
        "an environment variable comes from a Secret that is not there",
        pod("missing-secret", build=env(secretKeyRef={"name": "nobody", "key": "a"})),
        waits("build", "CreateContainerConfigError"),
    ),
    Case(
        "missing-configmap",
        "an environment variable comes from a ConfigMap that is not there",
        pod("missing-configmap", build=env(configMapKeyRef={"name": "nobody", "key": "a"})),
        waits("build", "CreateContainerConfigError"),
    ),
    Case(
        "missing-key",
        "the ConfigMap is there, its key is not",
        pod("missing-key", build=env(configMapKeyRef={"name": "there", "key": "a"})),
        waits("build", "CreateContainerConfigError"),
        objects=({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "there"}},),
    ),
    Case(
        "missing-secret-volume",
        "a volume's Secret is not there: the status says nothing, an event does",
        pod("missing-secret-volume", volume(secret={"secretName": "nobody"}), build=MOUNTED),
        warned("FailedMount"),
    ),
    Case(
        "missing-configmap-volume",
        "a volume's ConfigMap is not there",
        pod("missing-configmap-volume", volume(configMap={"name": "nobody"}), build=MOUNTED),
        warned("FailedMount"),
    ),
    Case(
        "missing-host-path",
        "a hostPath of type Directory is not there on the node",
        pod(
            "missing-host-path",
            volume(hostPath={"path": "/nobody/has/this", "type": "Directory"}),
            build=MOUNTED,
        ),
        warned("FailedMount"),
    ),
    Case(
        "missing-claim",
        "a volume's claim is not there: the scheduler says so",
        pod("missing-claim", volume(persistentVolumeClaim={"claimName": "nobody"}), build=MOUNTED),
        is_unschedulable,
    ),
    Case(
        "unschedulable-room",
        "no node has room",
        pod("unschedulable-room", build={"resources": {"requests": {"cpu": "500"}}}),
        is_unschedulable,
    ),
    Case(
        "unschedulable-selector",
        "no node has the label",
        pod("unschedulable-selector", {"nodeSelector": {"nobody": "has-this"}}),
        is_unschedulable,
    ),
    Case(
        "node-refused-room",
        "put on a node by name, which has no room",
        pod(
            "node-refused-room",
            {"nodeName": "node1"},
            build={"resources": {"requests": {"cpu": "500"}}},
        ),
        has_failed,
    ),
    Case(
        "node-refused-affinity",
        "put on a node by name, which has not the label",
        pod("node-refused-affinity", {"nodeName": "node1", "nodeSelector": {"nobody": "has-this"}}),
        has_failed,
    ),
    Case(
        "image-name-invalid",
        "no valid name",
        pod("image-name-invalid", build={"image": "Not A Name"}),
        waits("build", "InvalidImageName"),
    ),
    Case(
        "image-not-found",
        "a registry that has no such image",
        pod("image-not-found", build={"image": f"{PUBLIC}/nobody/has-this:1"}),
        waits("build", "ErrImagePull", "ImagePullBackOff"),
    ),
    Case(
        "image-unauthorised",
        "a registry that wants a user",
        pod("image-unauthorised", build={"image": f"{PRIVATE}/ci/busybox:1"}),
        waits("build", "ErrImagePull", "ImagePullBackOff"),
    ),
    Case(
        "image-registry-down",
        "nobody listens there",
        pod("image-registry-down", build={"image": f"{NOBODY}/a/b:1"}),
        waits("build", "ErrImagePull"),
    ),
    Case(
        "image-back-off",
        "the same, some time later",
        pod("image-back-off", build={"image": f"{NOBODY}/a/b:1"}),
        waits("build", "ImagePullBackOff"),
    ),
    Case(
        "image-never-pulled",
        "pull policy Never, and the node has it not",
        pod("image-never-pulled", build={"image": "nobody/has-this:1", "imagePullPolicy": "Never"}),
        waits("build", "ErrImageNeverPull"),
    ),
    Case(
        "helper-image-not-found",
        "the helper's image is not there: nothing of the pod begins but the build container",
        pod("helper-image-not-found", helper={"image": f"{PUBLIC}/nobody/has-this:1"}),
        waits("helper", "ErrImagePull", "ImagePullBackOff"),
    ),
    Case(
        "sandbox-handler-unknown",
        "a RuntimeClass whose handler the node has not",
        pod("sandbox-handler-unknown", {"runtimeClassName": "podlane-record"}),
        warned("FailedCreatePodSandBox"),
        objects=(
            {
                "apiVersion": "node.k8s.io/v1",
                "kind": "RuntimeClass",
                "metadata": {"name": "podlane-record"},
                "handler": "nobody-has-this",
            },
        ),
    ),
    Case(
        "run-as-non-root",
        "runAsNonRoot, and the image is root's",
        pod("run-as-non-root", build=ROOT_REFUSED),
        waits("build", "CreateContainerConfigError"),
    ),
    Case(
        "seccomp-profile-missing",
        "a seccomp profile that the node has not",
        pod(
            "seccomp-profile-missing",
            build={
                "securityContext": {
                    "seccompProfile": {"type": "Localhost", "localhostProfile": "nobody/has.json"}
                }
            },
        ),
        waits("build", "CreateContainerError"),
    ),
    Case(
        "post-start-hook-fails",
        "the build container's postStart hook ends with 1",
        pod(
            "post-start-hook-fails",
            helper={"command": DEFERRED},
            build={"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "exit 1"]}}}},
        ),
        ended("helper", "build"),
    ),
)
