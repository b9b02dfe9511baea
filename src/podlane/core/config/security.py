"""Who containers run as and what they may do: the security tables of `[runners.kubernetes]`."""

from __future__ import annotations

import msgspec


class SecurityContext(msgspec.Struct, frozen=True):
    """`pod_security_context`."""

    fs_group: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    supplemental_groups: tuple[int, ...] = ()


class ContainerSecurityContext(msgspec.Struct, frozen=True):
    """`build_container_security_context` and its like for helper and service containers."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    privileged: bool | None = None
    proc_mount: str = ""  # default or unmasked
