"""The image the scripts run in, who they run as, and whether its entrypoint is kept."""

from __future__ import annotations

from podlane.core.job.payload import Job
from podlane.core.plan import allowed, user
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.helper_image import helper_image
from podlane.core.plan.model import Note, Owner
from podlane.core.plan.resolve import Ground
from podlane.errors import JobRefused

HONOR_ENTRYPOINT = "FF_KUBERNETES_HONOR_ENTRYPOINT"


def image(job: Job, context: RunnerContext, ground: Ground) -> str:
    """The job's own image, else the config's. JobRefused when there is none or it may not be."""
    kubernetes = context.runner.kubernetes
    name = ground.reader.expand(job.image.name or kubernetes.image, key="image").strip()
    if not name:
        raise JobRefused(
            "The job names no image and the runner has no default one",
            hint="write `image:` in the job or in `default:`, "
            "or set `image` in [runners.kubernetes]",
            reference="no-image",
        )
    default = ground.reader.expand(kubernetes.image, key="image").strip()
    own = (default, helper_image(context, ground.reader))
    allowed.check(name, "allowed_images", kubernetes.allowed_images, own)
    return name


def entrypoint(job: Job, ground: Ground) -> tuple[str, ...] | None:
    """The words before our own command; none of them: the image's entrypoint; None: not kept.

    `entrypoint: [""]` is how pipelines take an entrypoint away.
    """
    if not ground.flags.is_on(HONOR_ENTRYPOINT) or job.image.entrypoint == ("",):
        return None
    return job.image.entrypoint


def owner(job: Job, context: RunnerContext, ground: Ground) -> Owner:
    """Who runs the scripts, as far as it is written: container, then pod, then the job's wish."""
    kubernetes = context.runner.kubernetes
    own, pod = kubernetes.build_container_security_context, kubernetes.pod_security_context
    wish = user.wish(job.image, own, kubernetes, ground).owner
    uids = (own.run_as_user, pod.run_as_user, wish.uid)
    gids = (own.run_as_group, pod.run_as_group, wish.gid)
    return Owner(uid=_first(uids), gid=_first(gids))


def complaints(job: Job, context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    kubernetes = context.runner.kubernetes
    wish = user.wish(job.image, kubernetes.build_container_security_context, kubernetes, ground)
    found = user.complaints(job.image, wish, "image", ground)
    if entrypoint(job, ground) is None:
        return found
    text = (
        "The image's entrypoint runs first. What it prints itself is in the log of the container "
        "`build` in the cluster, not here; if it fails, its last lines are shown"
    )
    return (*found, Note(text))


def _first(values: tuple[int | None, ...]) -> int | None:
    return next((value for value in values if value is not None), None)
