"""What to do about a pod that was evicted for the disk it filled, or for its node's sake.

The sentences are the kubelet's (Kubernetes 1.34).
"""

from __future__ import annotations

import re

_EMPTY_DIR = re.compile(r'EmptyDir volume "([^"]+)" exceeds the limit "([^"]+)"')
_CONTAINER = re.compile(r'Container (\S+) exceeded its local ephemeral storage limit "([^"]+)"')
_POD = re.compile(r"Pod ephemeral local storage usage exceeds the total limit of containers (\S+)")
_NODE = re.compile(r"node was low on resource: (memory|ephemeral-storage|inodes)")
_AGAIN = "`retry: when: runner_system_failure` runs such jobs again"
_LIMIT = "ephemeral_storage_limit"


def hint(message: str) -> str:
    """What raises the limit that was passed, or makes the node choose another pod."""
    if found := _EMPTY_DIR.search(message):
        return (
            f"the job wrote more than {found[2]} into the volume {found[1]}: raise its `size_limit`"
            " in [[runners.kubernetes.volumes.empty_dir]]"
        )
    if found := _CONTAINER.search(message):
        key, variable = _raised_by(found[1])
        return (
            f"the container {found[1]} wrote more than {found[2]} to its node's disk: raise "
            f"`{key}` in [runners.kubernetes], or {variable} in the job's variables where "
            f"`{key}_overwrite_max_allowed` permits it"
        )
    if found := _POD.search(message):
        return (
            f"all containers together wrote more than {found[1].rstrip('.')} to their node's disk, "
            f"which is the sum of their limits: raise `{_LIMIT}` in "
            "[runners.kubernetes], or KUBERNETES_EPHEMERAL_STORAGE_LIMIT in the job's variables "
            f"where `{_LIMIT}_overwrite_max_allowed` permits it"
        )
    if found := _NODE.search(message):
        key = "memory_request" if found[1] == "memory" else "ephemeral_storage_request"
        return (
            "the node ends those first that use more than they have reserved: raise "
            f"`{key}` in [runners.kubernetes]; {_AGAIN}"
        )
    return _AGAIN


def _raised_by(container: str) -> tuple[str, str]:
    scope = {"build": "", "helper": "helper_"}.get(container, "service_")
    return f"{scope}{_LIMIT}", f"KUBERNETES_{scope.upper()}EPHEMERAL_STORAGE_LIMIT"
