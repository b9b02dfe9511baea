"""What is said of image settings that are read and not used: a helper of gitlab-runner's, told by
its name, and pull secrets beside those of the service account."""

from __future__ import annotations

import re

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.notes import ConfigNote
from podlane.core.config.place import Found, Place

# under any registry and path, of any flavour, with any tag and digest
_GITLAB_RUNNERS = re.compile(r"(?:.*/)?gitlab-runner-helper[^/:@]*(?:[:@][^/]*)?", re.I)


def is_gitlab_runners(image: str) -> bool:
    """Tell whether an image is gitlab-runner's helper by its name."""
    return _GITLAB_RUNNERS.fullmatch(image.strip()) is not None


def remarks(kubernetes: KubernetesConfig, place: Place) -> list[Found]:
    """`place`: the table `kubernetes` of its runner."""
    found = []
    if is_gitlab_runners(kubernetes.helper_image):
        what = (
            f"is gitlab-runner's helper ({kubernetes.helper_image.strip()[:200]}) and is not used: "
            "podlane's own image runs in its place; leave the key out, or name an image of podlane"
        )
        found.append(_moot("helper_image", what, place))
    if kubernetes.image_pull_secrets and kubernetes.use_service_account_image_pull_secrets:
        what = "has no effect beside `use_service_account_image_pull_secrets = true`"
        found.append(_moot("image_pull_secrets", what, place))
    return found


def _moot(key: str, what: str, place: Place) -> Found:
    shown = place.key(key)
    return Found(ConfigNote("moot", shown, f"`{shown}` {what}"), (*place.path, key))
