"""The job's caches: in a folder that may outlive the job, and in an object store. Never fatal."""

from __future__ import annotations

from podlane.helper.cache.restore import restore as restore
from podlane.helper.cache.save import abandon as abandon
from podlane.helper.cache.save import save as save
