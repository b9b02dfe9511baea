"""config.toml on disk: found, read, and written so that no reader ever sees half of it."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from podlane.core.config import find
from podlane.core.config import lines as lines_of_keys
from podlane.core.config.check import Checked, Entry, check
from podlane.core.config.container import PodSpecPatch
from podlane.core.config.faults import fault
from podlane.core.config.model import RunnerConfig
from podlane.core.config.notes import ConfigNote
from podlane.core.config.parse import refuse_unfit
from podlane.core.config.patches import patch_fault
from podlane.core.config.place import Place
from podlane.errors import ConfigError
from podlane.manager import zones

Row = tuple[str, str, str]  # key, what is wrong, what to do
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


def read_config(path: Path, environ: Mapping[str, str]) -> Checked:
    """Read and check; ConfigError, which begins with the file's path, when nothing can run."""
    return unless_unfit(path, check_text(read_text(path), path.parent, environ))


def unless_unfit(path: Path, checked: Checked) -> Checked:
    try:
        return refuse_unfit(checked)
    except ConfigError as error:
        raise in_file(path, error) from None


def check_text(text: str, folder: Path, environ: Mapping[str, str]) -> Checked:
    """All that is to be said of the text of a config.toml in `folder`, and of files it names."""
    checked = check(text, environ)
    entries: list[Entry] = []
    rows: list[tuple[Entry, Row]] = []
    for entry in checked.entries:
        patched, found = _with_patches(entry.runner, folder)
        rows += [(entry, row) for row in found]
        entries.append(msgspec.structs.replace(entry, runner=patched))
    for entry in (*checked.entries, *checked.left_out):
        rows += [(entry, row) for row in zones.faults(entry.runner)]
    lines = lines_of_keys.key_lines(text) if rows else {}
    notes = [_fault(entry, row, lines) for entry, row in rows]
    return checked.with_runners(entries, notes)


def _with_patches(runner: RunnerConfig, folder: Path) -> tuple[RunnerConfig, list[Row]]:
    """Read the file of each `patch_path` into its `patch`."""
    patches: list[PodSpecPatch] = []
    found: list[Row] = []
    hint = "check the path, which counts from the folder of config.toml, and who may read it"
    for number, one in enumerate(runner.kubernetes.pod_spec):
        try:
            patches.append(_with_text(one, folder))
        except ConfigError as error:
            what = f"names a file that cannot be used: {error.message}"
            found.append((f"kubernetes.pod_spec[{number}].patch_path", what, hint))
    kubernetes = msgspec.structs.replace(runner.kubernetes, pod_spec=tuple(patches))
    return msgspec.structs.replace(runner, kubernetes=kubernetes), found


def _with_text(one: PodSpecPatch, folder: Path) -> PodSpecPatch:
    if not one.patch_path:
        return one
    path = folder / one.patch_path
    found = msgspec.structs.replace(one, patch=read_text(path), patch_path="")
    if what := patch_fault(found):
        raise ConfigError(f"the patch in {path} {what}")
    return found


def _fault(entry: Entry, row: Row, lines: dict[lines_of_keys.Path, int]) -> ConfigNote:
    key, what, hint = row
    found = fault(
        Place("runners", ("runners", entry.index), entry.owner).down(key), what, hint=hint
    )
    line = lines_of_keys.find_line(lines, found.path)
    return msgspec.structs.replace(found.note, line=line, runner=entry.index)


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
        raise _unwritable(path, error.strerror or "") from error


def change_text(path: Path, edit: Callable[[str], str]) -> None:
    """Read, edit and replace the file while no other podlane does: no change is lost. A file that
    is not there yet is empty; an edit that changes nothing writes nothing."""
    with _alone(path):
        text = read_text(path) if path.exists() else ""
        if (after := edit(text)) != text:
            write_text(path, after)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock on the file's folder: that leaves nothing behind, and a file that is replaced
    holds no lock. Where there are no locks, as on some network file systems, go on without."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    try:
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError:  # not there yet
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def check_writable(path: Path) -> None:
    """Refuse now rather than after GitLab has changed something that we must write down."""
    target = path.resolve()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error.strerror or "") from error
    if target.exists() and not os.access(target, os.W_OK):  # replaced it could be, but is not meant
        raise _unwritable(path, "the file is read-only")


def _unwritable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"cannot write {path}: {why}",
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
