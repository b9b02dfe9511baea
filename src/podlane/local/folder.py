"""`.podlane/` in the project: logs, artifacts and reports of the last run, and the cache."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

from podlane.helper import archive


class LocalFolder:
    def __init__(self, project: Path) -> None:
        self.root = project / ".podlane"
        self.logs = self.root / "logs"
        self.artifacts = self.root / "artifacts"
        self.reports = self.root / "reports"
        self.cache = self.root / "cache"
        self.own_log = self.root / "podlane.log"
        self._counter = self.root / "pipelines"

    def count(self) -> int:
        """How many pipelines have run here."""
        text = self._counter.read_text().strip() if self._counter.is_file() else ""
        return int(text) if text.isdigit() else 0

    def prepare(self, pipeline_id: int) -> None:
        """Make it, unseen by git; what the last run left goes, the cache stays."""
        self.root.mkdir(exist_ok=True)
        (self.root / ".gitignore").write_text("*\n")
        for folder in (self.logs, self.artifacts, self.reports):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        self.cache.mkdir(exist_ok=True)
        self._counter.write_text(f"{pipeline_id}\n")

    def log_file(self, job: str, attempt: int) -> Path:
        again = f"-try{attempt}" if attempt > 1 else ""
        return self.logs / f"{file_name(job)}{again}.log"

    def keep(self, job: str, kind: str, name: str, file: Path) -> None:
        """Unpack an archive, or keep a report under its name."""
        if kind == "archive":
            folder = self.artifacts / file_name(job)
            folder.mkdir(parents=True, exist_ok=True)
            archive.unpack(file, folder)
            return
        folder = self.reports / file_name(job)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / file_name(name.removesuffix(".gz") or kind)
        if file.suffix == ".gzip":
            with gzip.open(file, "rb") as packed, target.open("wb") as out:
                shutil.copyfileobj(packed, out)
        else:
            shutil.copy(file, target)


def file_name(job: str) -> str:
    """A job's name as the name of a file: `test: [a, b]` -> `test-a-b`."""
    text = re.sub(r"[^\w.+=@-]+", "-", job).strip("-")
    return text if text not in ("", ".", "..") else "job"
