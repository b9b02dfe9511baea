"""What containerd and the kubelet say when an image does not come."""

from __future__ import annotations

import re

from podlane.local.cluster.faults import PullFails

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?"
)
_DEFAULT_HOST = "docker.io"


def is_valid(image: str) -> bool:
    return _REFERENCE.fullmatch(image) is not None


def invalid_name(image: str) -> str:
    """The kubelet's sentence for InvalidImageName."""
    return (
        f'Failed to apply default image tag "{image}": '
        f'couldn\'t parse image name "{image}": invalid reference format'
    )


def trouble(image: str, fault: PullFails) -> str:
    """The message of ErrImagePull, as containerd 1.6 words it."""
    whole = _full_name(image)
    host, _, path = whole.partition("/")
    name, _, tag = path.rpartition(":")
    head = f'failed to pull and unpack image "{whole}": failed to resolve reference "{whole}": '
    if fault.why == "not-found":
        return f"rpc error: code = NotFound desc = {head}{whole}: not found"
    if fault.why == "unauthorised":
        return (
            f"{head}pulling from host {host} failed with status code "
            f"[manifests {tag}]: 401 Unauthorized"
        )
    return (
        f'{head}failed to do request: Head "https://{host}/v2/{name}/manifests/{tag}": '
        f"dial tcp: lookup {host}: no such host"
    )


def _full_name(image: str) -> str:
    first, slash, _ = image.partition("/")
    if not slash:
        image = f"{_DEFAULT_HOST}/library/{image}"
    elif not any(sign in first for sign in ".:") and first != "localhost":
        image = f"{_DEFAULT_HOST}/{image}"
    return image if ":" in image.rpartition("/")[2] else image + ":latest"
