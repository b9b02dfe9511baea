"""All faults of a file in one run, in file order; a faulty runner leaves the others alone."""

from __future__ import annotations

import pytest

from podlane.core.config.check import Checked, check
from podlane.core.config.parse import parse
from podlane.core.text.token import Token
from podlane.errors import ConfigError

GOOD = '[[runners]]\nname = "good"\nurl = "https://g.example"\ntoken = "glrt-good"\n'
BAD = '[[runners]]\nname = "bad"\nurl = "https://g.example"\ntoken = "glrt-bad"\n'


def faults(checked: Checked) -> list[tuple[int, str]]:
    return [(fault.line, fault.key) for fault in checked.faults]


def test_all_wrong_types_of_a_file_are_found() -> None:
    checked = check(
        "concurrent = '4'\ncheck_interval = 1.5\n"
        + BAD
        + "limit = []\nenvironment = ['A=1', 2, 3]\n[runners.kubernetes]\nprivileged = 1\n"
        + "node_selector = {a = 'x', b = 1}\nservices = [{}, {name = 1}, {name = 's', command = 1}]"
        + "\nbearer_token = 7\npod_security_context = 3\n",
        {},
    )
    owner = '[[runners]] #1 "bad"'
    kubernetes = f"{owner} kubernetes"
    assert faults(checked) == [
        (1, "concurrent"),
        (2, "check_interval"),
        (7, f"{owner} limit"),
        (8, f"{owner} environment[1]"),
        (8, f"{owner} environment[2]"),
        (10, f"{kubernetes}.privileged"),
        (11, f"{kubernetes}.node_selector.b"),
        (12, f"{kubernetes}.services[0]"),
        (12, f"{kubernetes}.services[1].name"),
        (12, f"{kubernetes}.services[2].command"),
        (13, f"{kubernetes}.bearer_token"),
        (14, f"{kubernetes}.pod_security_context"),
    ]


def test_what_fits_is_checked_further() -> None:
    checked = check(BAD + "limit = 'x'\nshell = 'fish'\nunhealthy_interval = 'x'\n", {})
    assert [line for line, _ in faults(checked)] == [5, 6, 7]
    assert checked.left_out[0].runner.token == Token("glrt-bad")


def test_a_faulty_runner_is_left_out_and_the_others_run() -> None:
    checked = check(BAD + "limit = -1\n" + GOOD, {})
    assert checked.is_fit
    assert [entry.index for entry in checked.entries] == [1]
    assert [entry.owner for entry in checked.left_out] == ['[[runners]] #1 "bad"']
    config, notes = parse("concurrent = 2\n" + BAD + "limit = -1\n" + GOOD, {})
    assert [runner.name for runner in config.runners] == ["good"]
    assert [(note.kind, note.runner) for note in notes] == [("fault", 0)]


def test_a_fault_outside_of_the_runners_leaves_nothing_to_run() -> None:
    with pytest.raises(ConfigError, match="line 1: `concurrent` must be 1 or more, and is 0"):
        parse("concurrent = 0\n" + GOOD, {})


def test_all_that_keeps_a_file_from_running_is_said() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(BAD + "limit = -1\noutput_limit = -1\n", {})
    owner = '[[runners]] #1 "bad"'
    assert caught.value.message.splitlines() == [
        "2 faults:",
        f"  line 5: `{owner} limit` must be 0 or more, and is -1",
        f"  line 6: `{owner} output_limit` must be 0 or more, and is -1",
    ]


def test_two_runners_with_one_token_are_one_to_gitlab() -> None:
    checked = check(GOOD + GOOD + GOOD.replace("g.example", "other.example"), {})
    assert [entry.index for entry in checked.entries] == [0, 2]
    assert checked.faults[0].what == (
        'is that of [[runners]] #1 "good" as well: to GitLab they are one runner'
    )


def test_each_variable_that_is_not_set_is_named() -> None:
    checked = check(BAD.replace("glrt-bad", "$A$B").replace("https", "${C}"), {"A": "x"})
    assert [note.what for note in checked.faults] == [
        "uses `$C`, which is not set in the environment",
        "uses `$B`, which is not set in the environment",
    ]


def test_broken_toml_is_the_only_thing_that_can_be_known() -> None:
    (only,) = check("concurrent = 0\nb = = 2", {}).notes
    assert (only.line, only.key) == (2, "")
    assert only.message == "column 5: the file is not TOML: Invalid value: `b = = 2`"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a = 1\nb = """\nc = 2\n', 2),
        ("a = '''x'''\nb = '''\n# it\n\nc = 1", 2),
        ('a = """\n"""\nb = """x\ny"""\nc = """\nd', 5),
        ('a = """x""" # """\nb = """x\n""" # ok\nc = """\n', 4),
    ],
)
def test_a_text_that_never_ends_is_named_where_it_begins(text: str, line: int) -> None:
    (only,) = check(text, {}).notes
    assert only.line == line
    assert "never ends" in only.message
