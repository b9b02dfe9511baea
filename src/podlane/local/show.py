"""What `podlane local` prints: lines of jobs with their names, the list of jobs, the summary."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TextIO

import msgspec

from podlane.local.lines import without_colours
from podlane.local.pipeline.model import Job, Note, Pipeline

_COLOURS = (36, 35, 34, 33, 32, 96, 95, 94)
_STATES = {"success": 32, "failed": 31, "canceled": 33, "manual": 90, "skipped": 90}
_WIDEST = 28


class Row(msgspec.Struct, frozen=True):
    """One job in the summary."""

    job: str
    stage: str
    status: str
    seconds: float | None = None
    why: str = ""


class Show:
    """`names` are the jobs whose lines will come; they decide the width of the first column."""

    def __init__(
        self,
        out: TextIO | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._out = out or sys.stdout
        self.has_colours = self._out.isatty() and not environ.get("NO_COLOR")
        self._width = 0
        self._colours: dict[str, int] = {}
        self._start = time.monotonic()

    def expect(self, names: Sequence[str]) -> None:
        self._width = min(max((len(name) for name in names), default=0), _WIDEST)
        self._colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}

    def say(self, text: str = "") -> None:
        """A line of podlane's own."""
        self._write(text)

    def line(self, job: str, text: str) -> None:
        """A line of a job's log."""
        shown = f"{text}\x1b[0m" if self.has_colours and "\x1b" in text else text
        self._write(f"{self._label(job)} {self._paint('|', 90)} {shown}")

    def event(self, job: str, text: str, state: str = "") -> None:
        """What became of a job, in the midst of its lines."""
        passed = time.monotonic() - self._start
        words = self._paint(text, _STATES.get(state, 1))
        self._write(f"{self._label(job)} {self._paint('>', 90)} {words} ({passed:.1f} s)")

    def notes(self, notes: Sequence[Note]) -> None:
        for note in notes:
            self._write(self._paint(f"{note.place}: `{note.keyword}`: {note.text}", 33))

    def summary(self, rows: Sequence[Row]) -> None:
        table = [("job", "stage", "status", "time", "")]
        for row in rows:
            seconds = "" if row.seconds is None else f"{row.seconds:.1f} s"
            table.append((row.job, row.stage, row.status, seconds, row.why))
        self.say()
        widths = [max(len(line[i]) for line in table) for i in range(4)]
        for number, line in enumerate(table):
            cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
            colour = _STATES.get(line[2].split()[0]) if number else 1
            cells[2] = self._paint(cells[2], colour) if colour else cells[2]
            self._write("  ".join([*cells, line[4]]).rstrip())

    def pipeline(self, status: str, seconds: float) -> None:
        self.say()
        self._write(self._paint(f"pipeline: {status} in {seconds:.1f} s", _STATES.get(status, 1)))

    def listing(self, pipeline: Pipeline) -> None:
        """The jobs with stage and when, each with the rule that decided; then those left out."""
        if pipeline.why_none:
            self._write(self._paint(f"no pipeline: {pipeline.why_none}", 31))
        rows = [_listed(job) for job in pipeline.jobs]
        self._table(("job", "stage", "when", "because of", "where"), rows)
        if pipeline.absent:
            self.say()
            self.say("not in the pipeline:")
            left = [(job.name, job.spec.stage, job.why, _place(job)) for job in pipeline.absent]
            self._table(("job", "stage", "because of", "where"), left)

    def _table(self, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        if not rows:
            return
        lines = [head, *rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        for number, line in enumerate(lines):
            text = "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
            self._write(text if number else self._paint(text, 1))

    def _label(self, job: str) -> str:
        name = job if len(job) <= self._width else job[: self._width - 1] + "…"
        return self._paint(name.ljust(self._width), self._colours.get(job, 36))

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.has_colours else text

    def _write(self, text: str) -> None:
        shown = text if self.has_colours else without_colours(text)
        encoding = self._out.encoding or "utf-8"
        self._out.write(shown.encode(encoding, "replace").decode(encoding) + "\n")
        self._out.flush()


def _listed(job: Job) -> tuple[str, ...]:
    when = f"{job.when} (allowed to fail)" if job.allow_failure else job.when
    needs = "" if job.needs is None else f"; needs: {', '.join(n.job for n in job.needs) or '[]'}"
    return (job.name, job.spec.stage, when, job.why + needs, _place(job))


def _place(job: Job) -> str:
    return str(job.place) if job.place.file else ""
