"""The image the scripts run in, and who they run as."""

from __future__ import annotations

import re

from podlane.core.job.payload import Job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Note, Owner
from podlane.core.plan.resolve import Ground
from podlane.errors import JobRefused

_USER = re.compile(r"(\d{1,10})(?::(\d{1,10}))?", re.ASCII)


def image(job: Job, context: RunnerContext, ground: Ground) -> str:
    """The job's own image, else the config's."""
    name = ground.reader.expand(job.image.name or context.runner.kubernetes.image, key="image")
    if not name.strip():
        raise JobRefused(
            "The job names no image and the runner has no default one",
            hint="write `image:` in the job or in `default:`, "
            "or set `image` in [runners.kubernetes]",
            reference="no-image",
        )
    return name.strip()


def owner(job: Job, context: RunnerContext, ground: Ground) -> Owner:
    """Who runs the scripts, as far as it is written: container, then pod, then the job's wish."""
    kubernetes = context.runner.kubernetes
    own, pod = kubernetes.build_container_security_context, kubernetes.pod_security_context
    wish = wished_user(job, context, ground)
    uids = (own.run_as_user, pod.run_as_user, wish.uid)
    gids = (own.run_as_group, pod.run_as_group, wish.gid)
    return Owner(uid=_first(uids), gid=_first(gids))


def wished_user(job: Job, context: RunnerContext, ground: Ground) -> Owner:
    """`image:kubernetes:user`, where it is a plain number other than root and nothing overrules."""
    match = _USER.fullmatch(_user(job, ground))
    if match is None or int(match[1]) == 0 or _is_configured(context):
        return Owner()
    gid = int(match[2]) if match[2] else 0
    return Owner(uid=int(match[1]), gid=gid or None)


def complaints(job: Job, context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    user = _user(job, ground)
    if not user or wished_user(job, context, ground) != Owner():
        return ()
    why = "the runner's security context decides" if _is_configured(context) else "use `uid:gid`"
    return (Note(f"image:kubernetes:user is not honoured ({why}; root is never)", "warning"),)


def _user(job: Job, ground: Ground) -> str:
    user = str(job.image.executor_opts.kubernetes.user)
    return ground.reader.expand(user, key="image:kubernetes:user").strip()


def _is_configured(context: RunnerContext) -> bool:
    kubernetes = context.runner.kubernetes
    own, pod = kubernetes.build_container_security_context, kubernetes.pod_security_context
    return own.run_as_user is not None or pod.run_as_user is not None


def _first(values: tuple[int | None, ...]) -> int | None:
    return next((value for value in values if value is not None), None)
