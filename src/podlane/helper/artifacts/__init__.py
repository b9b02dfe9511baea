"""Artifacts: those of other jobs fetched before the scripts, the job's own uploaded after them."""

from __future__ import annotations

from podlane.helper.artifacts.download import download
from podlane.helper.artifacts.select import select
from podlane.helper.artifacts.upload import upload

__all__ = ["download", "select", "upload"]
