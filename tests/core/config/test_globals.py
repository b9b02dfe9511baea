"""Keys at the top of the file and beside `[[runners]]`: what they mean, and what is refused."""

from __future__ import annotations

from datetime import datetime

import pytest

from podlane.core.config.check import check
from podlane.core.config.model import Config
from podlane.core.config.monitoring import JobQueuingDuration, Monitoring, waited_too_long
from podlane.core.config.notes import ConfigNote
from podlane.core.config.parse import parse
from podlane.errors import ConfigError

RUNNER = '\n[[runners]]\nname = "one"\nurl = "https://gitlab.test"\ntoken = "glrt-secret"\n'
QUEUING = RUNNER + "[[runners.monitoring.job_queuing_durations]]\n"


def read(text: str) -> tuple[Config, tuple[ConfigNote, ...]]:
    return parse(text, {})


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, {})
    return caught.value.message


def test_labels_of_the_file_are_every_runners_unless_its_own_differ() -> None:
    config, notes = read(
        '[labels]\nteam = "a"\ncost-centre = "7"\n' + RUNNER + '[runners.labels]\nteam = "b"\n'
    )
    assert config.runners[0].labels == {"team": "b", "cost-centre": "7"}
    assert notes == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[labels]\nab = "x"\n', "line 2: `labels.ab` is no label"),
        ('[labels]\n"-ab" = "x"\n', "`labels.-ab` is no label"),
        (f'[labels]\n{"a" * 66} = "x"\n', "is no label"),
        ('[labels]\nabc = "two words"\n', "line 2: `labels.abc` must be 1 to 256 letters"),
        ('[labels]\nabc = ""\n', "must be 1 to 256 letters"),
        (RUNNER + '[runners.labels]\nabc = "ü"\n', '[[runners]] #1 "one" labels.abc` must be'),
        (RUNNER + "[runners.labels]\nabc = 7\n", "must be a text in quotes"),
    ],
)
def test_a_label_that_gitlab_would_not_take_is_refused(text: str, words: str) -> None:
    assert words in refused(text)


def test_a_bad_label_of_the_file_is_told_once() -> None:
    checked = check('[labels]\nab = "x"\nabc = "y"\n' + RUNNER, {})
    assert [note.line for note in checked.faults] == [2]
    assert checked.entries[0].runner.labels == {"abc": "y"}


def test_more_labels_than_gitlab_takes_are_refused_where_they_meet() -> None:
    top = "[labels]\n" + "".join(f'top{n} = "x"\n' for n in range(20))
    own = "[runners.labels]\n" + "".join(f'own{n} = "x"\n' for n in range(13))
    assert "labels` are 33 with those of the whole file; 32 are allowed" in refused(
        top + RUNNER + own
    )
    assert len(read(top + RUNNER + own.replace('own12 = "x"\n', ""))[0].runners[0].labels) == 32


def test_a_session_server_is_read_and_said_to_come_later() -> None:
    config, notes = read(
        '[session_server]\nlisten_address = "[::]:8093"\nadvertise_address = "ci.test:8093"\n'
        "session_timeout = 60\n"
    )
    assert config.session_server.session_timeout == 60
    assert [(note.kind, note.line) for note in notes] == [("later", 1)]
    assert read("[session_server]\nsession_timeout = 1800\n")[1] == ()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("advertise_address", '"https://ci.test:8093"', "has a scheme"),
        ("listen_address", '"a b"', "is no address"),
        ("listen_address", '":99999"', "is no address"),
        ("session_timeout", "-1", "must be 0 or more"),
    ],
)
def test_a_bad_session_server_is_refused(key: str, value: str, words: str) -> None:
    message = refused(f"[session_server]\n{key} = {value}\n")
    assert message.startswith(f"line 2: `session_server.{key}` {words}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (QUEUING + 'periods = ["* * *"]\n', "line 7: "),
        (QUEUING + 'periods = ["* * *"]\n', "periods[0]` is no period: it has five fields"),
        (QUEUING + 'jobs_running_for_project = "("\n', "is no regular expression"),
        (QUEUING + 'threshold = "soon"\n', "job_queuing_durations[0].threshold` is no duration"),
        (
            RUNNER + '[runners.experimental.boot_verify]\ntimeout = "5"\n',
            'line 7: `[[runners]] #1 "one" experimental.boot_verify.timeout` is no duration',
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(text: str, words: str) -> None:
    assert words in refused(text)


def test_a_bare_number_is_nanoseconds_wherever_a_duration_stands() -> None:
    config, _ = read(
        QUEUING + "threshold = 60000000000\n[runners.experimental.boot_verify]\ntimeout = 1000\n"
    )
    runner = config.runners[0]
    assert runner.monitoring.job_queuing_durations[0].threshold == "60000000000ns"
    assert runner.experimental.boot_verify.timeout == "1000ns"


WORK, ALWAYS = (
    JobQueuingDuration(("* 8-17 * * mon-fri",), "Europe/Berlin", "30s", r"^[0-5]$"),
    JobQueuingDuration(threshold="1h"),
)


@pytest.mark.parametrize(
    ("entries", "reading", "waited", "running", "is_late"),
    [
        ((), "2026-03-02T09:00", 9999, "0", False),
        ((ALWAYS,), "2026-03-02T09:00", 3601, "+Inf", True),
        ((ALWAYS,), "2026-03-02T09:00", 3600, "+Inf", False),
        ((ALWAYS, WORK), "2026-03-02T09:00", 31, "3", True),
        ((ALWAYS, WORK), "2026-03-02T09:00", 9999, "9", False),  # the last that covers it counts
        ((ALWAYS, WORK), "2026-03-02T20:00", 31, "3", False),
        ((ALWAYS, WORK), "2026-03-02T20:00", 9999, "3", True),
        ((WORK, ALWAYS), "2026-03-02T09:00", 31, "3", False),
    ],
)
def test_which_threshold_is_in_force(
    entries: tuple[JobQueuingDuration, ...],
    reading: str,
    waited: float,
    running: str,
    is_late: bool,
) -> None:
    zones: list[str] = []

    def reading_in(zone: str) -> datetime:
        zones.append(zone)
        return datetime.fromisoformat(reading)

    assert waited_too_long(Monitoring(entries), waited, running, reading_in) is is_late
    assert set(zones) <= {"Europe/Berlin", "Local"}
