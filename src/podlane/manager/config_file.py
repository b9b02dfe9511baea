"""config.toml on disk: found, read, and written so that no reader ever sees half of it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from podlane.core.config import find
from podlane.core.config.container import PodSpecPatch
from podlane.core.config.model import Config
from podlane.core.config.notes import ConfigNote
from podlane.core.config.parse import parse
from podlane.errors import ConfigError

_PRIVATE = 0o600


def find_config_file(explicit: str | None, environ: Mapping[str, str]) -> Path:
    """Return the config.toml in force, as an absolute path; ConfigError names where it was not."""
    candidates = find.places(explicit, environ, str(Path.home()))
    return Path(find.find_config(candidates, _exists)).absolute()


def new_config_file(explicit: str | None, environ: Mapping[str, str]) -> Path:
    """Return the config.toml to write to; it need not be there yet."""
    candidates = find.places(explicit, environ, str(Path.home()))
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return Path(find.new_config(candidates, _exists, is_root=is_root)).absolute()


def read_config(path: Path, environ: Mapping[str, str]) -> tuple[Config, tuple[ConfigNote, ...]]:
    """Read and parse; a ConfigError begins with the file's path."""
    text = read_text(path)
    try:
        config, notes = parse(text, environ)
        return with_patches(config, path.parent), notes
    except ConfigError as error:
        raise in_file(path, error) from None


def with_patches(config: Config, folder: Path) -> Config:
    """Read the file of each `patch_path` into its `patch`. ConfigError for one that cannot be."""
    runners = tuple(
        msgspec.structs.replace(
            runner,
            kubernetes=msgspec.structs.replace(
                runner.kubernetes,
                pod_spec=tuple(_with_text(one, folder) for one in runner.kubernetes.pod_spec),
            ),
        )
        if any(one.patch_path for one in runner.kubernetes.pod_spec)
        else runner
        for runner in config.runners
    )
    return msgspec.structs.replace(config, runners=runners)


def _with_text(one: PodSpecPatch, folder: Path) -> PodSpecPatch:
    if not one.patch_path:
        return one
    if one.patch:
        raise ConfigError(
            f"a pod_spec patch has both `patch` and `patch_path`: {one.patch_path}",
            hint="leave one of them",
            reference="pod-spec",
        )
    return msgspec.structs.replace(one, patch=read_text(folder / one.patch_path), patch_path="")


def in_file(path: Path, error: ConfigError) -> ConfigError:
    """Return the same error with the file's path in front."""
    return ConfigError(f"{path}: {error.message}", hint=error.hint, reference=error.reference)


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            f"cannot read {path}: {why}",
            hint="check the path and who may read it; `--config` names another file",
            reference="config-unreadable",
        ) from error


def write_text(path: Path, text: str) -> None:
    """Replace the file whole, or leave it alone. A new file is its owner's only (0600)."""
    target = path.resolve()  # a symbolic link stays one
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(target, text)
    except OSError as error:
        raise _unwritable(path, error) from error


def check_writable(path: Path) -> None:
    """Refuse now rather than after GitLab has changed something that we must write down."""
    target = path.resolve()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"cannot write {path}: {error.strerror}",
        hint="check who may write there; `--config` names another file",
        reference="config-unwritable",
    )


def _replace(target: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _keep_owner(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _keep_owner(target: Path, temporary: Path) -> None:
    """Give the new file the old one's mode and, as far as we may, its owner."""
    try:
        old = target.stat()
    except FileNotFoundError:
        temporary.chmod(_PRIVATE)
        return
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(temporary, old.st_uid, old.st_gid)
    temporary.chmod(stat.S_IMODE(old.st_mode))


def _exists(path: str) -> bool:
    return Path(path).is_file()
