"""Periods in cron's form: which minutes `* 8-17 * * mon-fri` covers.

Five fields (minute, hour, day of the month, month, day of the week), with a sixth for the year, or
seven with the second before all of them, as gitlab-runner reads them. A field is `*` (or `?`) or a
list by commas of numbers, names, ranges and steps. Where both the day of the month and the day of
the week are limited, one of the two suffices, as in cron.
"""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONG = re.compile(r"([a-z]{3})[a-z]*")
_LAST_YEAR = 2099
_PART = re.compile(r"(\*|\?|[0-9a-z]+)(?:-([0-9a-z]+))?(?:/([0-9]{1,4}))?")


class Field(msgspec.Struct, frozen=True):
    """What one field may hold; `names` are counted from `least`."""

    what: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_SECOND = Field("second", 0, 59)
_MINUTE = Field("minute", 0, 59)
_HOUR = Field("hour", 0, 23)
_DAY = Field("day of the month", 1, 31)
_MONTH = Field("month", 1, 12, _MONTHS)
_WEEKDAY = Field("day of the week", 0, 7, _DAYS)
_YEAR = Field("year", 1970, _LAST_YEAR)
_FIVE = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)
_FORMS = {5: _FIVE, 6: (*_FIVE, _YEAR), 7: (_SECOND, *_FIVE, _YEAR)}


class Cron(msgspec.Struct, frozen=True):
    """The values of each field, by its name; a field that is not limited is not there."""

    fields: dict[str, frozenset[int]]


def parse_cron(text: str) -> Cron:
    """Read a period; ValueError says which field cannot be read."""
    words = text.lower().split()
    if len(words) not in _FORMS:
        raise ValueError(
            "it has five fields: minute, hour, day of the month, month, day of the week, such as"
            " `* 8-17 * * mon-fri`"
        )
    form = _FORMS[len(words)]
    read = {field.what: _values(word, field) for word, field in zip(words, form, strict=True)}
    return Cron({what: values for what, values in read.items() if values is not None})


def matches(cron: Cron, moment: datetime) -> bool:
    """Tell whether the period covers `moment`, which is a clock's reading in the period's zone."""
    weekday = moment.isoweekday() % 7
    days = {"day of the month": moment.day, "day of the week": weekday}
    reading = {
        "second": moment.second,
        "minute": moment.minute,
        "hour": moment.hour,
        "month": moment.month,
        "year": moment.year,
    }
    limited = [value in cron.fields[what] for what, value in days.items() if what in cron.fields]
    return (not limited or any(limited)) and all(
        value in cron.fields[what] for what, value in reading.items() if what in cron.fields
    )


def _values(word: str, field: Field) -> frozenset[int] | None:
    """The values that a word stands for; None: all."""
    if word in ("*", "?", "*/1"):
        return None
    found: set[int] = set()
    for part in word.split(","):
        found.update(_range(part, field))
    if field is _WEEKDAY:
        found = {number % 7 for number in found}
    return frozenset(found)


def _range(part: str, field: Field) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(f"its {field.what} is not to be read: `{part}`")
    first, last, step = match[1], match[2], int(match[3] or "1")
    if not step or (last and first in ("*", "?")):
        raise ValueError(f"its {field.what} is not to be read: `{part}`")
    if first in ("*", "?"):
        most = 6 if field is _WEEKDAY else field.most
        return range(field.least, most + 1, step)
    start = _number(first, field)
    end = _number(last, field) if last else (field.most if match[3] else start)
    if end < start and field is _WEEKDAY and end == 0:
        end = 7  # `fri-sun`
    if end < start:
        raise ValueError(f"its {field.what} runs backwards: `{part}`")
    return range(start, end + 1, step)


def _number(word: str, field: Field) -> int:
    name = _LONG.fullmatch(word)
    if name and name[1] in field.names:
        return field.names.index(name[1]) + field.least
    if not word.isdigit() or not field.least <= int(word) <= field.most:
        allowed = f"{field.least} to {field.most}" + (", or a name" if field.names else "")
        raise ValueError(f"its {field.what} must be {allowed}, and is `{word}`")
    return int(word)
