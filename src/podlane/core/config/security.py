"""Who containers run as and what they may do: the security tables of `[runners.kubernetes]`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

T = TypeVar("T")
_HIGHEST_ID = 2**31 - 1
PROC_MOUNTS = {"default": "Default", "unmasked": "Unmasked"}
PROFILES = {word.lower(): word for word in ("RuntimeDefault", "Unconfined", "Localhost")}


class Profile(msgspec.Struct, frozen=True):
    """`seccomp_profile`, `app_armor_profile`: RuntimeDefault, Unconfined or Localhost."""

    type: str = ""
    localhost_profile: str = ""  # for Localhost: the profile's name on the node


class Capabilities(msgspec.Struct, frozen=True):
    """Without CAP_. A list that is there, even empty, replaces `cap_add` or `cap_drop`."""

    add: tuple[str, ...] | None = None
    drop: tuple[str, ...] | None = None


class SecurityContext(msgspec.Struct, frozen=True):
    """`pod_security_context`."""

    fs_group: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    supplemental_groups: tuple[int, ...] = ()
    selinux_type: str = ""
    seccomp_profile: Profile = Profile()
    app_armor_profile: Profile = Profile()


class ContainerSecurityContext(msgspec.Struct, frozen=True):
    """`build_container_security_context` and its like for helper and service containers."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    privileged: bool | None = None
    capabilities: Capabilities = Capabilities()
    selinux_type: str = ""
    proc_mount: str = ""  # default or unmasked
    seccomp_profile: Profile = Profile()
    app_armor_profile: Profile = Profile()


def either(own: T | None, general: T | None) -> T | None:
    """What holds for a container: its own setting, else the general one."""
    return general if own is None else own


def proc_mount(word: str) -> str:
    """Kubernetes' word for how /proc is mounted; "" where it is none."""
    return PROC_MOUNTS.get(word.strip().lower(), "")


def profile_type(asked: Profile) -> str:
    """Kubernetes' word for a profile's type; "" where there is none, or it lacks its profile."""
    found = PROFILES.get(asked.type.strip().lower(), "")
    return "" if found == "Localhost" and not asked.localhost_profile.strip() else found


def faults(own: SecurityContext | ContainerSecurityContext) -> Iterator[tuple[str, str]]:
    """Numbers of users and groups that are none: key and what is wrong with it."""
    for key in ("run_as_user", "run_as_group", "fs_group", "supplemental_groups"):
        value = getattr(own, key, None)
        for number in value if isinstance(value, tuple) else (value,):
            if number is not None and not 0 <= number <= _HIGHEST_ID:
                yield key, f"must be from 0 to {_HIGHEST_ID}, and is {number}"
