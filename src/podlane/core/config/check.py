"""config.toml as text → what can run of it, and all that is to be said of it, in file order.

A fault in a `[[runners]]` entry leaves out that entry; the others are good without it. A fault
outside of them leaves the whole file unfit. Everything else is a note and refuses nothing: real
files hold many keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from podlane.core.config import (
    cache_notes,
    contexts,
    feature_flags,
    image_notes,
    namespace_notes,
    session,
    usage,
)
from podlane.core.config.connection import connection
from podlane.core.config.faults import fault, faults
from podlane.core.config.fit import fit
from podlane.core.config.hints import hint_of_limit, hints, hints_of_places
from podlane.core.config.labels import good
from podlane.core.config.lines import key_lines
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.notes import ConfigNote
from podlane.core.config.place import Found, Place
from podlane.core.config.recognise import recognise
from podlane.core.config.references import filled
from podlane.core.config.toml import BrokenToml, read_toml
from podlane.core.config.values import in_one_form
from podlane.core.text.token import Token

EXECUTORS = ("kubernetes",)


class Entry(msgspec.Struct, frozen=True):
    """One `[[runners]]` entry as far as it could be read, whether it can run or not."""

    index: int
    runner: RunnerConfig
    owner: str = ""  # as people read it, such as `[[runners]] #1 "builder"`


class Checked(msgspec.Struct, frozen=True):
    """`config` holds the runners that can run, in order; `left_out` those that have faults."""

    config: Config
    notes: tuple[ConfigNote, ...] = ()
    left_out: tuple[Entry, ...] = ()
    entries: tuple[Entry, ...] = ()  # those of `config.runners`, with their positions

    @property
    def faults(self) -> tuple[ConfigNote, ...]:
        return tuple(note for note in self.notes if note.kind == "fault")

    @property
    def is_fit(self) -> bool:
        """Whether there is something to run: the file's top is good, and so is a runner, if any."""
        if any(fault.runner is None for fault in self.faults):
            return False
        return bool(self.entries) or not any(n.kind in ("fault", "skipped") for n in self.notes)

    def with_runners(self, entries: Iterable[Entry], notes: Iterable[ConfigNote]) -> Checked:
        """Put these entries in the place of those that can run; faults among `notes` leave some of
        them out."""
        faulty = {note.runner for note in notes if note.kind == "fault"}
        kept = tuple(entry for entry in entries if entry.index not in faulty)
        out = tuple(entry for entry in entries if entry.index in faulty)
        runners = tuple(entry.runner for entry in kept)
        return msgspec.structs.replace(
            self,
            config=msgspec.structs.replace(self.config, runners=runners),
            notes=tuple(sorted((*self.notes, *notes), key=lambda note: note.line)),
            left_out=self.left_out + out,
            entries=kept,
        )


def check(text: str, environ: Mapping[str, str]) -> Checked:
    """Read config.toml; `environ` fills `$VARIABLES` in `url` and `token`."""
    try:
        raw = read_toml(text)
    except BrokenToml as error:
        sentence, hint, where = error.sentence, error.hint, error.reference
        return Checked(Config(), (ConfigNote("fault", "", sentence, error.line, hint, where),))
    lines = key_lines(text)
    config, found = _top(raw)
    notes = [one.noted(lines) for one in found]
    entries: list[Entry] = []
    has_places = all((note.kind, note.key) != ("fault", "concurrent") for note in notes)
    concurrent = config.concurrent if has_places else 0
    for index, table in enumerate(_runner_tables(raw)):
        place = Place("runners", ("runners", index), owner(index, table))
        if skipped := _other_executor(table, place):
            notes.append(skipped.noted(lines, index))
            continue
        runner, inside = _runner(table, place, environ, config)
        inside += _twin(runner, place, entries)
        if concurrent:
            inside += hint_of_limit(concurrent, runner.limit, place)
        entries.append(Entry(index, runner, place.owner))
        notes += [one.noted(lines, index) for one in inside]
    if concurrent:
        limits = [entry.runner.limit for entry in entries]
        notes += [one.noted(lines) for one in hints_of_places(concurrent, limits)]
    return Checked(config).with_runners(entries, notes)


def owner(index: int, table: Mapping[str, Any]) -> str:
    """Name a runner entry for people: by its place in the file and its name."""
    name = table.get("name")
    return f'[[runners]] #{index + 1} "{name}"' if name else f"[[runners]] #{index + 1}"


def _top(raw: dict[str, Any]) -> tuple[Config, list[Found]]:
    place = Place()
    values, found = recognise({**raw, "runners": []}, Config, place)
    config, misfits = fit(in_one_form(values), Config, place)
    config = config or Config()
    found += [*misfits, *faults(config, place), *hints(config, place)]
    found += session.remarks(config.session_server)
    found += usage.remarks(config.experimental.usage_logger)
    if len(_runner_tables(raw)) < len(_listed(raw.get("runners", []))):
        hint = "each runner starts with a line `[[runners]]`, in double brackets"
        what = "is not a list of tables"
        found.append(fault(place.inside("runners"), what, hint=hint, reference="config-type"))
    return config, found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _runner_tables(raw: dict[str, Any]) -> list[dict[str, Any]]:
    runners = raw.get("runners", [])
    entries = runners if isinstance(runners, list) else []
    return [entry for entry in entries if isinstance(entry, dict)]


def _runner(
    table: dict[str, Any], place: Place, environ: Mapping[str, str], top: Config
) -> tuple[RunnerConfig, list[Found]]:
    values, found = recognise(table, RunnerConfig, place)
    values, of_flags = feature_flags.sifted(values, place)
    values, unset = filled(values, place, environ)
    if isinstance(labels := values.get("labels", {}), dict):
        values["labels"] = good(top.labels) | labels
    way, lacking = connection(values, place, environ)
    runner, misfits = fit(in_one_form(values | way), RunnerConfig, place)
    assert runner is not None, "url and token are texts by now"
    found += [*of_flags, *unset, *lacking, *misfits, *faults(runner, place)]
    found += hints(runner, place)
    found += cache_notes.remarks(runner.cache, place.inside("cache"))
    inside = place.inside("kubernetes")
    found += contexts.remarks(runner.kubernetes, inside)
    found += namespace_notes.remarks(runner.kubernetes, inside)
    return runner, [*found, *image_notes.remarks(runner.kubernetes, inside)]


def _twin(runner: RunnerConfig, place: Place, before: list[Entry]) -> Iterator[Found]:
    """GitLab takes two entries with one token for one runner, and so do we."""
    for entry in before:
        same = (entry.runner.url, entry.runner.token) == (runner.url, runner.token)
        if same and runner.token != Token(""):
            hint = "give each entry a runner of its own: `podlane register` makes one"
            what = f"is that of {entry.owner} as well: to GitLab they are one runner"
            yield fault(place.inside("token"), what, hint=hint, reference="config-token")
            return


def _other_executor(table: Mapping[str, Any], place: Place) -> Found | None:
    executor = table.get("executor", EXECUTORS[0])
    if executor in EXECUTORS or not isinstance(executor, str):
        return None
    message = (
        f'`{place.key("executor")}` is "{executor}", which podlane does not run;'
        f" it runs: {', '.join(EXECUTORS)}; this runner takes no jobs"
    )
    return Found(ConfigNote("skipped", place.key("executor"), message), (*place.path, "executor"))
