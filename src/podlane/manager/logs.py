"""podlane's own log, on stderr, in gitlab-runner's three formats: runner, text, json.

Messages are constant; what differs goes into fields: `log.info("Received a job", extra=
{"fields": {"job": 7}})`. `bound` adds fields to every line of what runs inside it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from podlane.errors import ConfigError

if TYPE_CHECKING:
    from podlane.core.config.notes import ConfigNote

log = logging.getLogger(__name__)

_BOUND: ContextVar[Mapping[str, Any]] = ContextVar("log_fields", default={})  # noqa: B039 - never changed in place
_LEVELS = {
    "panic": logging.CRITICAL,
    "fatal": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG,
}
_NAMES = {50: "fatal", 40: "error", 30: "warning", 20: "info", 10: "debug"}
_COLOURS = {"fatal": "31", "error": "31", "warning": "33", "debug": "37"}
_COLUMNS = 50


def set_up(level: str = "", form: str = "", stream: TextIO | None = None) -> None:
    """Send every log line to `stream`, stderr by default; may be called again after a reload."""
    if (level or "info") not in _LEVELS:
        raise _no_such("log level", level, _LEVELS)
    out = stream or sys.stderr
    forms = {"runner": Runner(is_coloured=_is_coloured(out)), "text": Text(), "json": Json()}
    if (form or "runner") not in forms:
        raise _no_such("log format", form, forms)
    handler = logging.StreamHandler(out)
    handler.setFormatter(forms[form or "runner"])
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("podlane").setLevel(_LEVELS[level or "info"])


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Add `fields` to each line logged inside, by this task and by those it starts."""
    token = _BOUND.set({**_BOUND.get(), **fields})
    try:
        yield
    finally:
        _BOUND.reset(token)


def say_notes(notes: Iterable[ConfigNote]) -> None:
    """Log what reading config.toml had to say, one line a note."""
    for note in notes:
        where = {"line": note.line} if note.line else {}
        hint = {"hint": note.hint} if note.hint else {}
        fields = {"fields": {**where, "note": note.message, **hint}}
        match note.kind:
            case "fault":
                log.error("A fault in the configuration", extra=fields)
            case "skipped":
                log.error("A runner of the configuration is left out", extra=fields)
            case "later":
                log.warning("A key of the configuration is not yet honoured", extra=fields)
            case "moot":
                log.warning("A key of the configuration has no effect", extra=fields)
            case "unknown":
                log.warning("A key of the configuration is unknown", extra=fields)
            case "careful":
                log.warning("A key of the configuration needs a look", extra=fields)


class Runner(logging.Formatter):
    """gitlab-runner's own look: the message in 50 columns, then sorted fields."""

    def __init__(self, *, is_coloured: bool) -> None:
        super().__init__()
        self._is_coloured = is_coloured

    def format(self, record: logging.LogRecord) -> str:
        level = _level(record)
        message = record.getMessage()
        if level in ("warning", "error", "fatal"):
            message = f"{level.upper()}: {message}"
        fields = "".join(
            f" {key}={_quoted(value)}" for key, value in sorted(_fields(record).items())
        )
        line = f"{message:<{_COLUMNS}} {fields}".rstrip()
        if self._is_coloured and level in _COLOURS:
            line = f"\033[{_COLOURS[level]}m{line}\033[0m"
        return line + _traceback(self, record)


class Text(logging.Formatter):
    """key=value pairs, the first three being time, level and msg."""

    def format(self, record: logging.LogRecord) -> str:
        first = {"time": _time(record), "level": _level(record), "msg": record.getMessage()}
        pairs = {**first, **dict(sorted(_fields(record).items()))}
        line = " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())
        return line + _traceback(self, record)


class Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        found = {
            **_fields(record),
            "time": _time(record),
            "level": _level(record),
            "msg": record.getMessage(),
        }
        if record.exc_info:
            found["traceback"] = self.formatException(record.exc_info)
        return json.dumps(found, default=str, ensure_ascii=False)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {**_BOUND.get(), **getattr(record, "fields", {})}


def _level(record: logging.LogRecord) -> str:
    return _NAMES.get(record.levelno, record.levelname.lower())


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _quoted(value: Any) -> str:
    """Quote what a reader could not tell apart, so that no value can forge a line or a field."""
    text = str(value)
    if text and text.isprintable() and not set(text) & set(' "=\\'):
        return text
    return json.dumps(text, ensure_ascii=False)


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return "\n" + formatter.formatException(record.exc_info) if record.exc_info else ""


def _is_coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")


def _no_such(what: str, value: str, known: Iterable[str]) -> ConfigError:
    return ConfigError(
        f"there is no {what} `{value}`; known are: {', '.join(known)}", reference="log"
    )
