"""Who a container runs as where the job says so: `image:kubernetes:user` and that of a service.

Only a wish: the runner's own security contexts go before it, and `allowed_users` and
`allowed_groups` may refuse it, which is a warning and no failure. Root must be listed there.
"""

from __future__ import annotations

import re

import msgspec

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.security import ContainerSecurityContext
from podlane.core.job.payload import Image
from podlane.core.plan.model import Note, Owner
from podlane.core.plan.resolve import Ground

_USER = re.compile(r"(\d{1,10})(?::(\d{1,10}))?", re.ASCII)
_HIGHEST = 2**31 - 1


class Wish(msgspec.Struct, frozen=True):
    """`owner` is what is left of the wish; `refusal` says why it is not all of it."""

    owner: Owner = Owner()
    refusal: str = ""


def wish(
    asked: Image, own: ContainerSecurityContext, kubernetes: KubernetesConfig, ground: Ground
) -> Wish:
    """`own`: the security context that the config has for the container in question."""
    text = user_of(asked, ground)
    if not text:
        return Wish()
    match = _USER.fullmatch(text)
    if match is None or any(int(word) > _HIGHEST for word in match.groups() if word):
        return Wish(refusal="it is no `uid` or `uid:gid` in numbers")
    if own.run_as_user is not None or kubernetes.pod_security_context.run_as_user is not None:
        return Wish(refusal="the runner's security context decides")
    uid, gid = int(match[1]), int(match[2]) if match[2] else None
    if not _is_allowed(uid, kubernetes.allowed_users):
        return Wish(refusal=_not_allowed("user", uid, "allowed_users", kubernetes.allowed_users))
    if gid is not None and not _is_allowed(gid, kubernetes.allowed_groups):
        why = _not_allowed("group", gid, "allowed_groups", kubernetes.allowed_groups)
        return Wish(Owner(uid=uid), f"{why}; the user alone is")
    return Wish(Owner(uid=uid, gid=gid))


def complaints(asked: Image, found: Wish, what: str, ground: Ground) -> tuple[Note, ...]:
    """Say what is not as the job asked for; `what` names the keyword."""
    if found.refusal:
        shown = user_of(asked, ground)[:40]
        text = f"{what}:kubernetes:user {shown!r} is not honoured: {found.refusal}"
        return (Note(text, "warning"),)
    if asked.executor_opts.docker.get("user") and found.owner == Owner():
        text = f"{what}:docker:user means nothing here; {what}:kubernetes:user does"
        return (Note(text),)
    return ()


def user_of(asked: Image, ground: Ground) -> str:
    user = asked.executor_opts.kubernetes.get("user")
    return ground.reader.expand("" if user is None else str(user), key="kubernetes:user").strip()


def _is_allowed(number: int, allowed: tuple[str, ...]) -> bool:
    listed = {word.strip() for word in allowed}
    return str(number) in listed if listed else number != 0


def _not_allowed(kind: str, number: int, key: str, allowed: tuple[str, ...]) -> str:
    if not allowed:
        return f"{kind} {number} is root's, and `{key}` of the runner does not list it"
    return f"{kind} {number} is not in `{key}` of the runner ({', '.join(allowed)[:200]})"
