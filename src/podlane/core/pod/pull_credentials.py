"""What images of a pod are pulled with, for whoever reads that a registry refused.

Where each credential comes from goes into an annotation of the pod; no value does.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from podlane.core.plan.credentials import HUB, Login, registry

CREDENTIALS = "podlane.dev/pull-credentials"
_MOST, _LONGEST = 50, 255  # an annotation has its limits, and a job writes the names


class Sources(msgspec.Struct, frozen=True, omit_defaults=True):
    """`logins`: by registry, whose words they are. `account`: the pull secrets of the pod's service
    account, and nothing else, because the config says so."""

    logins: dict[str, str] = {}
    account: bool = False


def written(logins: tuple[Login, ...], *, is_account: bool) -> dict[str, str]:
    """The annotation; none where there is nothing to tell."""
    named = {registry(one.key): one.source for one in logins[:_MOST]}
    sources = Sources({key: named[key] for key in named if len(key) <= _LONGEST}, is_account)
    text = msgspec.json.encode(sources).decode()
    return {CREDENTIALS: text} if logins or is_account else {}


def read(annotations: Mapping[str, str]) -> Sources:
    try:
        return msgspec.json.decode(annotations.get(CREDENTIALS, "{}"), type=Sources)
    except msgspec.MsgspecError:
        return Sources()


def sentence(image: str, annotation: str, record: str, secrets: tuple[str, ...]) -> str:
    """Say what was tried to pull `image`. `secrets`: the pod's, its `record` among them."""
    sources = read({CREDENTIALS: annotation} if annotation else {})
    where = image_registry(image)
    tried = [words for key, words in sources.logins.items() if _covers(key, image)]
    whose = " of its service account" if sources.account else ""
    tried += [f'the pull secret "{name}"{whose}' for name in secrets if name != record]
    if tried:
        return f"Credentials tried for {where}: {', '.join(tried)}."
    others = ", ".join(list(sources.logins)[:5])
    known = f" (there are some for {others})" if others else ""
    if sources.account:
        known = " (the runner uses its service account's pull secrets alone, and there are none)"
    return f"There were no credentials for {where}{known}."


def image_registry(image: str) -> str:
    """The host that an image's name leads to."""
    first, slash, _ = image.partition("/")
    is_host = bool(slash) and (first == "localhost" or any(sign in first for sign in ".:"))
    return registry(first) if is_host else HUB


def _covers(key: str, image: str) -> bool:
    """Whether the kubelet takes the login of `key` for the image."""
    host, _, path = key.partition("/")
    if not _is_host_of(host, image_registry(image)):
        return False
    name = image.partition("/")[2]
    return not path or name == path or name.startswith(f"{path}/")


def _is_host_of(pattern: str, host: str) -> bool:
    """`*` stands for one part of a name, as in `*.example.com`."""
    if "*" not in pattern:
        return pattern == host
    parts, wanted = host.split("."), pattern.split(".")
    return len(parts) == len(wanted) and all(
        want in ("*", part) for part, want in zip(parts, wanted, strict=True)
    )
