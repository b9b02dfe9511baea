"""Artifacts: those of other jobs fetched before the scripts, the job's own uploaded after them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from podlane.clients.gitlab import calls
from podlane.core.job.outcome import FailureReason, failed
from podlane.core.plan.model import Download, Upload
from podlane.core.text import glob
from podlane.core.text.parameters import expand_shell
from podlane.errors import ServiceError
from podlane.helper import archive, files, processes
from podlane.helper.work import StageFailed, Work

_TRIES = 3
_BUSY_TRIES = 6


def download(work: Work) -> None:
    """Fetch and unpack the artifacts of the jobs this one depends on. Any failure fails the job."""
    if not work.plan.downloads:
        return
    with work.trace.section("download_artifacts", "Downloading artifacts"):
        for item in work.plan.downloads:
            work.trace.info(f"Downloading artifacts for {item.job_name} ({item.job_id})...")
            _download(work, item)


def _download(work: Work, item: Download) -> None:
    target = _scratch(work) / f"download-{item.job_id}"
    for attempt in range(1, _TRIES + 1):
        try:
            status = work.api.download_artifact(item.job_id, item.token, target)
        except ServiceError:
            status = 0
        if status in (200, 401, 403, 404) or attempt == _TRIES:
            break
        work.sleep(1)
    if status != 200:
        said = {401: "not allowed", 403: "not allowed", 404: "not found"}.get(
            status, f"GitLab answered {status}" if status else "GitLab does not answer"
        )
        raise _failure(f"the artifacts of {item.job_name} ({item.job_id}) were not had: {said}")
    try:
        archive.unpack(target, Path(work.plan.places.project))
    except (archive.BadArchive, OSError) as error:
        raise _failure(f"the artifacts of {item.job_name} were refused: {error}") from error
    finally:
        target.unlink(missing_ok=True)
    work.trace.plain(f"Downloading artifacts from coordinator... ok        id={item.job_id}")


def upload(work: Work, *, has_failed: bool) -> None:
    """Upload what is to be kept of a job that went so."""
    fits = ("on_failure", "always") if has_failed else ("on_success", "always")
    wanted = [item for item in work.plan.uploads if item.when in fits]
    if not wanted or work.reporter.is_stopped:
        return
    word = "failure" if has_failed else "success"
    title = f"Uploading artifacts for {'failed' if has_failed else 'successful'} job"
    with work.trace.section(f"upload_artifacts_on_{word}", title):
        for item in wanted:
            work.trace.info("Uploading artifacts...")
            _upload(work, item)


def _upload(work: Work, item: Upload) -> None:
    env = files.environment(work.plan)
    names = select(work, item.paths, item.exclude, untracked=item.untracked)
    if not names:
        work.trace.error("No files to upload")
        return
    base = Path(expand_shell(item.name, env)).name or "default"
    project = Path(work.plan.places.project)
    source = _scratch(work) / f"upload-{item.type}"
    query = calls.artifacts_query(item.expire_in, item.type, item.format)
    try:
        suffix = _write(source, project, names, item.format)
        _send(work, item, source, base + suffix, query)
    except OSError as error:
        raise _failure(f"the artifacts could not be packed: {error}") from error
    finally:
        source.unlink(missing_ok=True)


def _write(source: Path, project: Path, names: list[str], form: str) -> str:
    """Write the upload in its format and return the ending of its name."""
    if form == "zip":
        archive.pack(source, project, names)
        return ".zip"
    import gzip
    import shutil

    inside = project.resolve()
    plain = [
        name
        for name in names
        if (project / name).is_file() and (project / name).resolve().is_relative_to(inside)
    ]
    if form == "raw":
        if len(plain) != 1:
            raise _failure(f"only one file can be sent as raw, {len(plain)} were found")
        shutil.copyfile(project / plain[0], source)
        return ""
    with source.open("wb") as out:
        for name in sorted(plain):
            with (
                gzip.GzipFile(Path(name).name, "wb", fileobj=out) as member,
                (project / name).open("rb") as content,
            ):
                shutil.copyfileobj(content, member)
    return ".gz"


def _send(work: Work, item: Upload, source: Path, name: str, query: str) -> None:
    tries = 0
    while True:
        tries += 1
        try:
            status = work.api.upload_artifact(source, name, query).status
        except ServiceError:
            status = 0
        said = f'Uploading artifacts as "{item.type}" to coordinator... '
        if status == 201:
            work.trace.plain(f"{said}201 Created  id={work.plan.job.id}")
            return
        if status == 413:
            size = source.stat().st_size
            raise _failure(
                f"the artifacts are too large for this GitLab ({size} bytes packed)",
                "an administrator sets the limit: Admin, CI/CD, maximum artifacts size",
            )
        limit = _BUSY_TRIES if status == 503 else _TRIES
        if status == 403 or tries >= limit:
            raise _failure(
                f"the artifacts were not uploaded: GitLab answered {status or 'nothing'}"
            )
        work.trace.warning(f"{said}{status or 'no answer'}, trying again")
        work.sleep(min(tries, 5))


def select(
    work: Work, paths: Iterable[str], exclude: Iterable[str], *, untracked: bool
) -> list[str]:
    """The names, relative to the project, that artifacts or a cache are to hold."""
    project = Path(work.plan.places.project)
    env = files.environment(work.plan)
    found: dict[str, None] = {}
    for raw in paths:
        pattern = expand_shell(raw, env)
        names = archive.find(project, pattern)
        if names is None:
            work.trace.warning(f"{pattern}: lies outside the project and is left out")
        elif not names:
            work.trace.warning(
                f"{pattern}: no matching files. Ensure that the artifact path is relative to the "
                f"working directory ({project})"
            )
        else:
            count = len(names)
            work.trace.plain(f"{pattern}: found {count} matching artifact files and directories")
            found |= dict.fromkeys(names)
    if untracked:
        found |= dict.fromkeys(_untracked(work, project))
    patterns = [glob.compile_pattern(expand_shell(item, env)) for item in exclude]
    return [name for name in found if not any(p.fullmatch(name) for p in patterns)]


def _untracked(work: Work, project: Path) -> list[str]:
    if not project.is_dir():
        return []
    env = dict(os.environ) | {"GIT_CONFIG_COUNT": "1"}
    env |= {"GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    listed = processes.output(["git", "ls-files", "-o", "-z"], env, project) or b""
    names = [name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name]
    work.trace.plain(f"untracked: found {len(names)} files")
    return names


def _scratch(work: Work) -> Path:
    """A folder of the helper's own for what is packed or unpacked."""
    folder = Path(work.plan.places.pod) / "spool" / "scratch"
    folder.mkdir(exist_ok=True)
    return folder


def _failure(message: str, *hints: str) -> StageFailed:
    return StageFailed(failed(FailureReason.SCRIPT_FAILURE, 1), message, *hints)
