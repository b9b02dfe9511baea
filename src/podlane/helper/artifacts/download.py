"""The artifacts of the jobs this one depends on: fetched one after another, and unpacked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from podlane.core.plan.model import Download
from podlane.errors import ServiceError
from podlane.helper import archive
from podlane.helper.artifacts.means import failure, scratch, settings
from podlane.helper.progress import Progress, megabytes, pace
from podlane.helper.progress import files as count_of
from podlane.helper.work import StageFailed, Work

if TYPE_CHECKING:
    from podlane.clients.gitlab.artifacts import Received

_TRIES = 3
_FINAL = (401, 403, 404, 410)


def download_all(work: Work) -> None:
    """Fetch and unpack them in GitLab's order. Any failure fails the job."""
    with work.trace.section("download_artifacts", "Downloading artifacts"):
        for item in work.plan.downloads:
            work.trace.info(f"Downloading artifacts for {item.job_name} ({item.job_id})...")
            _patiently(work, item)


def _patiently(work: Work, item: Download) -> None:
    """As often as the job asks for (ARTIFACT_DOWNLOAD_ATTEMPTS)."""
    attempts = settings(work).attempts
    for attempt in range(1, attempts + 1):
        try:
            _download(work, item)
            return
        except StageFailed as error:
            work.check()
            if attempt == attempts:
                raise
            work.trace.warning(f"{error.message}; attempt {attempt + 1} of {attempts} follows")
            work.sleep(5)


def _download(work: Work, item: Download) -> None:
    target = scratch(work) / f"download-{item.job_id}"
    try:
        _fetch(work, item, target)
        progress = Progress(work, "Unpacking artifacts:")
        step = progress.step(work.check)
        done = archive.unpack(target, Path(work.plan.places.project), progress=step)
    except archive.BadArchive as error:
        raise failure(
            f"the artifacts of {item.job_name} were refused: {error}",
            f"look at what the job {item.job_name} ({item.job_id}) uploaded",
        ) from error
    except OSError as error:
        raise failure(
            f"the artifacts of {item.job_name} could not be unpacked: {archive.reason(error)}"
        ) from error
    finally:
        target.unlink(missing_ok=True)
    for text in done.warnings:
        work.trace.warning(text)
    if progress.seconds() >= 1:
        work.trace.plain(
            f"Unpacked {count_of(done.files)} in {pace(done.size, progress.seconds())}"
        )


def _fetch(work: Work, item: Download, target: Path) -> None:
    if settings(work).is_direct and settings(work).in_parts and _fetch_in_parts(work, item, target):
        return
    received, trouble = None, ""
    is_direct = settings(work).is_direct
    for left in range(_TRIES - 1, -1, -1):
        progress = Progress(work, "Downloading artifacts:")
        received, trouble = _try(work, item, target, progress, is_direct=is_direct)
        if received is not None and received.status == 200:
            _tell(work, item, received, progress)
            return
        if received is not None and received.status in _FINAL and not received.is_elsewhere:
            break
        if left:
            words = trouble or f"the answer was {_words(received)}"
            work.trace.warning(f"{words}; trying again")
            work.sleep(0 if is_direct else 1)
        is_direct = False  # an object store may be out of reach from here: GitLab hands it through
    raise _refused(item, received, trouble)


def _fetch_in_parts(work: Work, item: Download, target: Path) -> bool:
    """Straight from the object store, several ranges side by side; False: not to be had so."""
    from podlane.helper.artifacts.parts import fetch_in_parts

    progress = Progress(work, "Downloading artifacts:")
    try:
        received = fetch_in_parts(work, item, target, progress)
    except ServiceError as error:
        work.trace.warning(f"{error.message}; trying again in one piece")
        return False
    if received is not None:
        _tell(work, item, received, progress)
    return received is not None


def _try(
    work: Work, item: Download, target: Path, progress: Progress, *, is_direct: bool
) -> tuple[Received | None, str]:
    api = work.api.artifacts
    try:
        received = api.download(
            item.job_id, item.token, target, is_direct=is_direct, progress=progress.step(work.check)
        )
    except ServiceError as error:
        return None, error.message
    return received, ""


def _tell(work: Work, item: Download, received: Received, progress: Progress) -> None:
    mark = f"correlation_id={received.request_id} " if received.request_id else ""
    work.trace.plain(
        f"Downloading artifacts from coordinator... ok        {mark}host={received.host} "
        f"id={item.job_id} status=200"
    )
    if progress.seconds() >= 1:
        work.trace.plain(
            f"Downloaded {megabytes(received.size)} in {pace(received.size, progress.seconds())}"
        )


def _refused(item: Download, received: Received | None, trouble: str) -> StageFailed:
    whose = f"the artifacts of {item.job_name} ({item.job_id})"
    if received is None:
        return failure(f"{whose} were not had: {trouble}")
    if received.status in (404, 410):
        return failure(
            f"{whose} are not there any more: {_words(received)}",
            "they may have expired (`expire_in`) or been erased: run that job again, or let this "
            "one do without them (`dependencies: []`, `needs: artifacts: false`)",
        )
    if received.status in (401, 403):
        return failure(
            f"{whose} may not be had by this job: {_words(received)}",
            "whoever started the pipeline must be allowed to read that job's artifacts "
            "(`artifacts:access`, and for another project its CI/CD job token permissions)",
        )
    return failure(f"{whose} were not had: {received.host} answered {_words(received)}")


def _words(received: Received | None) -> str:
    return f"{received.status}{received.said}" if received is not None else "nothing"
