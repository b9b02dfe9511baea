"""File variables and the env file, in `<project>.tmp`; and whose the working copy is."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from podlane.core.plan import step
from podlane.core.plan.model import JobPlan
from podlane.helper import folders
from podlane.helper.lane import Hello


def choose_umask(plan: JobPlan) -> int:
    """022, but where neither is root and others run the scripts: there the group must do."""
    own = os.geteuid()
    return 0o022 if own in (0, plan.owner.uid) else 0o002


def is_shared_by_group(hello: Hello | None) -> bool:
    """Whether helper and scripts have two uids, neither of them root's."""
    own = os.geteuid()
    return bool(own and hello and hello.uid and hello.uid != own)


def write_files(plan: JobPlan) -> None:
    """Write each file variable; readable by whoever runs the scripts, and by no other."""
    folder = Path(plan.places.temporary)
    folders.make_real(Path(plan.places.builds), folder)
    folders.empty(folder)
    for variable in step.files(plan):
        path = folder / variable.key
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o664), "wb") as file:
            file.write(variable.value.encode())
    Path(step.home(plan)).mkdir(exist_ok=True)
    env_file = Path(step.env_file(plan))
    env_file.unlink(missing_ok=True)
    env_file.touch(0o664)


def environment(plan: JobPlan) -> dict[str, str]:
    """The job's variables, with what its steps have added to the env file."""
    try:
        text = Path(step.env_file(plan)).read_bytes().decode(errors="replace")
    except OSError:
        text = ""
    return step.environment(plan) | step.parse_env_file(text)


def remove_files(plan: JobPlan) -> None:
    import shutil

    with contextlib.suppress(OSError):
        shutil.rmtree(plan.places.temporary)


def hand_over(plan: JobPlan, hello: Hello) -> None:
    """Give the working copy to whoever runs the scripts, if we are root and they are not us."""
    uid = plan.owner.uid if plan.owner.uid is not None else hello.uid
    gid = plan.owner.gid if plan.owner.gid is not None else hello.gid
    if os.geteuid() != 0 or uid is None or (uid == 0 and gid in (0, None)):
        return
    group = gid if gid is not None else -1
    project = Path(plan.places.project)
    for folder in (project, Path(plan.places.temporary)):
        if folder.exists():
            _give(folder, uid, group)
    builds = Path(plan.places.builds)
    for parent in project.parents:
        if parent == builds or builds in parent.parents:
            os.chown(parent, uid, group, follow_symlinks=False)


def _give(root: Path, uid: int, gid: int) -> None:
    """lchown all below `root`; a symlink is changed itself, never followed."""
    os.chown(root, uid, gid, follow_symlinks=False)
    for here, inner, names in os.walk(root):
        for name in (*inner, *names):
            with contextlib.suppress(OSError):
                os.chown(f"{here}/{name}", uid, gid, follow_symlinks=False)
