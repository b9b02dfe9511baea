"""One archive to its object: which of the ways that the plan offers, and the lines people read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from podlane.core.plan.store import AzureBlocks, GcsResumable, S3Parts, S3Session, StoreObject
from podlane.errors import Rejected
from podlane.helper.cache.transfer import Porter
from podlane.helper.progress import Progress, megabytes, pace
from podlane.helper.work import Work

if TYPE_CHECKING:
    from podlane.clients.objectstore.crew import Crew
    from podlane.clients.objectstore.upload import InPieces, Source, Stored, Way, Whole

_MANY = 64 * 1024 * 1024  # from here on several lines are faster than one
_CLEAN_SECONDS = 10.0


class Sender:
    def __init__(self, work: Work, porter: Porter, one: StoreObject) -> None:
        self._work = work
        self._porter = porter
        self._object = one

    def send(self, descriptor: int) -> Stored:
        """Upload an open file, and leave nothing half done. Raises what the transfer raises."""
        from podlane.clients.objectstore.upload import InPieces, Source

        size = os.fstat(descriptor).st_size
        crew = self._porter.crew()
        source = Source(descriptor, size)
        at_end = "all is sent, the store takes it in"
        progress = Progress(self._work, "Uploading cache:", size, at_end)
        way = self._way(size)
        uploading = self._choose(crew, source, way)
        has_ended = False
        try:
            for step in uploading.steps():
                self._porter.run(crew, step, progress)
            has_ended = isinstance(uploading, InPieces)
        finally:
            if not has_ended:
                self._abort(way)
        took = pace(size, progress.seconds())
        self._work.trace.plain(f"Uploaded {megabytes(size)} to {uploading.host} in {took}")
        return uploading.stored

    def let_go(self) -> None:
        """Abort a multipart upload that the manager has opened and that is not needed."""
        if isinstance(self._object.pieces, S3Parts):
            self._abort(self._way(0))

    def _abort(self, way: Way | None) -> None:
        if way is not None and way.is_open:
            self._porter.quickly((1, way.abort), _CLEAN_SECONDS)

    def _choose(self, crew: Crew, source: Source, way: Way | None) -> Whole | InPieces:
        """In one request what fits in one, and is not so large that several lines are faster."""
        from podlane.clients.objectstore import upload

        one = self._object
        is_large = source.size >= _MANY
        if one.put is not None and source.size <= one.put_limit:
            if way is None or way.lines == 1 or not is_large:
                return upload.Whole(crew, upload.put_signed(one.put), source)
        elif way is None:
            raise Rejected(
                f"the archive has {source.size} bytes, and the store takes at most "
                f"{one.put_limit} in one request",
                service="cache",
            )
        assert way is not None
        if one.put is None and way.whole is not None and not is_large:
            return upload.Whole(crew, way.whole, source)
        return upload.InPieces(crew, way, source)

    def _way(self, size: int) -> Way | None:
        from podlane.clients.objectstore import azure, gcs, s3

        match self._object.pieces:
            case S3Parts() as plan:
                return s3.Parts(plan)
            case S3Session() as plan:
                return s3.Session(plan)
            case AzureBlocks() as plan:
                return azure.Blocks(plan, f"job-{self._work.plan.job.id}")
            case GcsResumable() as plan:
                return gcs.Resumable(plan, size)
            case None:
                return None
