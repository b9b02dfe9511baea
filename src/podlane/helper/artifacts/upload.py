"""The job's own artifacts: chosen, packed into a file of the helper's own, and sent to GitLab.

The size is known before the first byte goes, a try that failed packs nothing again, and what is
sent is of one piece, whatever the job's processes still write meanwhile.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from podlane.clients.gitlab import calls
from podlane.core.plan.model import Upload
from podlane.helper import archive, files
from podlane.helper.artifacts.means import failure, scratch, settings
from podlane.helper.artifacts.send import check, send
from podlane.helper.progress import Progress, megabytes, pace
from podlane.helper.progress import files as count_of
from podlane.helper.selection import expand, select
from podlane.helper.work import StageFailed, Work

if TYPE_CHECKING:
    from podlane.clients.gitlab.artifacts import Sending

_ENDINGS = {"gzip": ".gz", "raw": "", "tarzstd": ".tar.zst"}
_LONGEST_NAME = 200


def upload_all(work: Work, wanted: list[Upload], *, has_failed: bool) -> None:
    """One after another; one that fails does not keep the others."""
    word = "failure" if has_failed else "success"
    title = f"Uploading artifacts for {'failed' if has_failed else 'successful'} job"
    first: StageFailed | None = None
    with work.trace.section(f"upload_artifacts_on_{word}", title):
        for item in wanted:
            work.trace.info("Uploading artifacts...")
            try:
                _upload(work, item)
            except StageFailed as error:
                work.trace.error(error.message)
                for hint in error.hints:
                    work.trace.plain(f"hint: {hint}")
                first = first or error
    if first is not None:
        raise StageFailed(first.outcome, first.message)


def _upload(work: Work, item: Upload) -> None:
    names = select(work, item.paths, item.exclude, untracked=item.untracked)
    if not names:
        work.trace.error("No files to upload")
        return
    from podlane.clients.gitlab.artifacts import Sending

    made = scratch(work) / f"upload-{work.plan.uploads.index(item)}"
    name = _name(work, item)
    query = calls.artifacts_query(item.expire_in, item.type, item.format)
    times = settings(work).upload_timeout, settings(work).header_timeout
    sending = Sending(made, name, query, *times)
    try:
        packed = _pack(work, item, sending, names)
        if not packed.files:
            work.trace.error("No files to upload")
            return
        send(work, item.type, sending)
    except archive.NotOneFile as error:
        raise failure(f"only one file can be sent as raw, and {error.count} were found") from error
    except OSError as error:
        raise _unpacked(error) from error
    finally:
        made.unlink(missing_ok=True)


def _unpacked(error: OSError) -> StageFailed:
    if isinstance(error, PermissionError) and error.filename:
        return failure(
            f"the artifacts could not be packed: {archive.reason(error)}",
            "podlane's helper reads artifacts as a user of its own: let the script make the file "
            "readable for its group (`chmod -R g+rX`), or exclude it",
        )
    return failure(f"the artifacts could not be packed: {archive.reason(error)}")


def _name(work: Work, item: Upload) -> str:
    """The last part of the expanded name, and the ending of the format."""
    text = expand(work, item.name, files.environment(work.plan))
    base = text.rstrip("/").rpartition("/")[2] or "default"
    while len(base.encode(errors="replace")) > _LONGEST_NAME:
        base = base[:-1]
    return base + _ENDINGS.get(item.format, ".zip")


def _pack(work: Work, item: Upload, sending: Sending, names: list[str]) -> archive.Packed:
    project, chosen, made = Path(work.plan.places.project), settings(work), sending.file
    progress = Progress(work, "Packing artifacts:")
    step = progress.step(lambda: check(work))
    match item.format:
        case "gzip":
            packed = archive.gzip(made, project, names, level=chosen.level, progress=step)
        case "raw":
            packed = archive.raw(made, project, names, progress=step)
        case form:
            known = cast("archive.Format", form if form in ("zip", "zipzstd", "tarzstd") else "zip")
            packed = archive.pack(
                made,
                project,
                names,
                format=known,
                level=chosen.level,
                progress=step,
                extra=_statement(work, item, sending.name, names),
            )
    for text in packed.warnings:
        work.trace.warning(text)
    if progress.seconds() >= 1:
        took = pace(progress.done, progress.seconds())
        number = count_of(packed.files)
        work.trace.plain(f"Packed {number} into {megabytes(packed.size)} in {took}")
    return packed


def _statement(work: Work, item: Upload, name: str, names: list[str]) -> dict[str, bytes]:
    """The statement of provenance, for whom asked for one: zip archives only."""
    facts = settings(work).provenance
    if facts is None or item.format != "zip":
        return {}
    from podlane.helper.artifacts.provenance import statement

    step = Progress(work, "Digesting artifacts:").step(lambda: check(work))
    digests = archive.digests(Path(work.plan.places.project), names, step)
    now = time.time()
    began = now - (time.monotonic() - work.started)
    made = statement(facts, work.plan.job.id, digests, (began, now))
    return {f"{name.removesuffix('.zip')}-metadata.json": made}
