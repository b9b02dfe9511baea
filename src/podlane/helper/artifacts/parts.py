"""A download straight from the object store, several ranges side by side
(FF_USE_PARALLEL_ARTIFACT_TRANSFER)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from podlane.clients.gitlab.artifacts import Received
from podlane.clients.objectstore.fetch import Changed, Fetch
from podlane.core.plan.model import Download
from podlane.core.plan.store import Signed
from podlane.core.text.token import Token
from podlane.errors import Unavailable
from podlane.helper.cache.transfer import Porter, TooSlow
from podlane.helper.progress import Progress
from podlane.helper.work import Work

_SECONDS = 3600.0


def fetch_in_parts(work: Work, item: Download, target: Path, progress: Progress) -> Received | None:
    """None when GitLab names no object store; ServiceError when that does not give the archive."""
    location = work.api.artifacts.location(item.job_id, item.token)
    if not location:
        return None
    porter = Porter(work, _SECONDS)
    crew = porter.crew()
    with target.open("w+b") as file:
        fetch = Fetch(crew, Signed(Token(location)), file.fileno(), lambda _: True)
        try:
            porter.run(crew, (1, fetch.begin), progress)
        except (Changed, TooSlow) as error:
            words = str(error) or "the archive was replaced while it was read"
            raise Unavailable(words, service="the object store") from error
    size = target.stat().st_size
    progress.done = size
    return Received(200, size, urlsplit(location).hostname or "")
