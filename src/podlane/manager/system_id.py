"""The system id: which of a runner's managers we are, to GitLab. It lies beside config.toml."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import string
from pathlib import Path

import msgspec

FILE_NAME = ".runner_system_id"
MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
_VALID = re.compile(r"[sr]_[0-9a-zA-Z]{12}")
_SIGNS = string.ascii_letters + string.digits


class SystemId(msgspec.Struct, frozen=True):
    """`note` says why the id is a new one at each start, when it could not be kept."""

    text: str
    is_persistent: bool = True
    note: str = ""


def load_system_id(
    config_file: Path, machine_id_files: tuple[Path, ...] = MACHINE_ID_FILES, told: str = ""
) -> SystemId:
    """Return the id that lies beside `config_file`, made at the first start.

    `told`: by PODLANE_SYSTEM_ID, where nothing can be kept beside the config; nonsense is none.
    """
    if _VALID.fullmatch(told):
        return SystemId(told)
    file = config_file.parent / FILE_NAME
    if found := _read(file):
        return SystemId(found)
    text = _make(machine_id_files)
    try:
        _write(file, text)
    except OSError as error:
        note = (
            f"cannot keep the system id in {file} ({error.strerror}):"
            " GitLab shows a new manager of the runner after each start"
        )
        # an id from the machine is the same again next time
        is_machine = text.startswith("s_")
        return SystemId(text, is_machine, "" if is_machine else note)
    return SystemId(text)


def _read(file: Path) -> str:
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return text if _VALID.fullmatch(text) else ""


def _make(machine_id_files: tuple[Path, ...]) -> str:
    for file in machine_id_files:
        try:
            machine_id = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if machine_id:
            key = machine_id.encode()
            return "s_" + hmac.new(key, b"gitlab-runner", hashlib.sha256).hexdigest()[:12]
    return "r_" + "".join(secrets.choice(_SIGNS) for _ in range(12))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(text)
