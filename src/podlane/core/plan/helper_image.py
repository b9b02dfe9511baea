"""The image of the helper: podlane's own, whatever gitlab-runner's helper the config names."""

from __future__ import annotations

from podlane.core.config.image_notes import is_gitlab_runners
from podlane.core.job.variables import Reader
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Note

RELEASED = "podlane/podlane"


def helper_image(context: RunnerContext, reader: Reader) -> str:
    """The config's, if it can be podlane's; else the manager's own image; else the released one
    of the same version."""
    configured = _configured(context, reader)
    if configured and not is_gitlab_runners(configured):
        return configured
    return context.helper_image or f"{RELEASED}:{context.version}"


def complaints(context: RunnerContext, reader: Reader) -> tuple[Note, ...]:
    """What only the job's variables make of `helper_image`: the rest is said when the config is
    read."""
    configured = _configured(context, reader)
    if not is_gitlab_runners(configured) or is_gitlab_runners(
        context.runner.kubernetes.helper_image
    ):
        return ()
    used = helper_image(context, reader)
    text = f"The runner's `helper_image` is gitlab-runner's ({configured[:200]}); {used} runs"
    return (Note(text, "warning"),)


def _configured(context: RunnerContext, reader: Reader) -> str:
    return reader.expand(context.runner.kubernetes.helper_image, key="helper_image").strip()
