"""Artifacts: those of other jobs fetched before the scripts, the job's own uploaded after them.

Most jobs have none, and the helper starts fast: what does the work is imported when there is some.
"""

from __future__ import annotations

from podlane.helper.work import Work


def download(work: Work) -> None:
    """Fetch and unpack the artifacts of other jobs. Any failure fails the job."""
    if work.plan.downloads:
        from podlane.helper.artifacts.download import download_all

        download_all(work)


def upload(work: Work, *, has_failed: bool) -> None:
    """Upload what is to be kept of a job that went so."""
    fits = ("on_failure", "always") if has_failed else ("on_success", "always")
    wanted = [item for item in work.plan.uploads if item.when in fits]
    if wanted and not work.reporter.is_stopped:
        from podlane.helper.artifacts.upload import upload_all

        upload_all(work, wanted, has_failed=has_failed)
