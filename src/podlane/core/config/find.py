"""Where config.toml is looked for, and where a new one is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from podlane.errors import ConfigError

SYSTEM_CONFIG = "/etc/gitlab-runner/config.toml"


def user_config(home: str) -> str:
    return f"{home.rstrip('/')}/.gitlab-runner/config.toml"


def places(explicit: str | None, environ: Mapping[str, str], home: str) -> tuple[str, ...]:
    """Return the paths to try, best first. A path that was named leaves no other choice."""
    if named := explicit or environ.get("CONFIG_FILE", ""):
        return (named,)
    return user_config(home), SYSTEM_CONFIG


def find_config(candidates: tuple[str, ...], exists: Callable[[str], bool]) -> str:
    for path in candidates:
        if exists(path):
            return path
    raise ConfigError(
        f"there is no config.toml; looked at: {', '.join(candidates)}",
        hint="name it by `--config` or CONFIG_FILE, or make one by `podlane register`",
        reference="config-not-found",
    )


def new_config(candidates: tuple[str, ...], exists: Callable[[str], bool], *, is_root: bool) -> str:
    """Return the file to change: the one that is there, else where gitlab-runner writes its own."""
    there = next(filter(exists, candidates), None)
    return there or (SYSTEM_CONFIG if is_root and len(candidates) > 1 else candidates[0])
