"""The text of a step, run by every shell there is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlane.core.plan.step import render_step
from podlane.core.text.quote import quote

SHELLS = [
    words
    for words in (["dash"], ["bash"], ["busybox", "ash"])
    if shutil.which(words[0]) is not None
]
HOSTILE = [
    "",
    "plain",
    "a b\tc\nd",
    "it's",
    "''",
    '"$HOME" `id` $(id) ${x} \\n \\\\',
    "!history #comment ; & | < > ( ) { } * ? [ ] ~",
    "$'\\x41'",
    "-n",
    "é☃\x7f\x1b[0m",
    "'\\''",
]


def run(shell: list[str], text: str) -> subprocess.CompletedProcess[bytes]:
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return subprocess.run([*shell, "-c", text], env=env, capture_output=True, check=False)


@pytest.fixture(name="shell", params=SHELLS, ids="-".join)
def _shell(request: pytest.FixtureRequest) -> list[str]:
    words: list[str] = request.param
    return words


@pytest.mark.parametrize("value", HOSTILE)
def test_quoted_text_is_one_word(shell: list[str], value: str) -> None:
    assert run(shell, f"printf '%s' {quote(value)}").stdout == value.encode()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), max_size=20))
def test_any_text_survives_a_shell(values: list[str]) -> None:
    expected = "".join(f"{value}\0" for value in values).encode()
    words = " ".join(quote(value) for value in values)
    text = f"for word in {words}; do printf '%s\\0' \"$word\"; done" if values else ":"
    assert run(SHELLS[0], text).stdout == expected


def test_values_names_and_commands(shell: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "a 'folder'"
    folder.mkdir()
    value = HOSTILE[5]
    text = render_step({"VALUE": value}, ['printf "%s\\n" "$VALUE"', "pwd", ""], folder=str(folder))
    done = run(shell, text)
    assert done.returncode == 0
    assert done.stdout.decode() == (
        '\x1b[32;1m$ printf "%s\\n" "$VALUE"\x1b[0;m\n'
        f"{value}\n\x1b[32;1m$ pwd\x1b[0;m\n{folder}\n\n"
    )


def test_a_multi_line_command_is_shown_by_its_first_line(shell: list[str]) -> None:
    done = run(shell, render_step({}, ["cat <<END\ntext\nEND\n"], folder="/"))
    assert done.stdout == b"\x1b[32;1m$ cat <<END # collapsed multi-line command\x1b[0;m\ntext\n"


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        (["false", "echo never"], 1),
        (["(exit 9)", "echo never"], 9),
        (["exit 128"], 128),
        (["no-such-command-at-all"], 127),
        (["if true", "then exit 6", "fi", "exit 5"], 6),
        (["f() { return 3; }", "f"], 3),
        (["cd /nowhere-at-all"], 1),
        (["[ -n '' ] && echo never", "true"], 0),
    ],
)
def test_exit_codes(shell: list[str], commands: list[str], code: int) -> None:
    done = run(shell, render_step({}, commands, folder="/"))
    assert done.returncode == code or (commands[0].startswith("cd") and done.returncode == 2)
    assert b"\nnever" not in done.stdout


def test_the_env_file_is_data_not_text(shell: list[str], tmp_path: Path) -> None:
    env = tmp_path / "env"
    env.write_text("A=1 2\nB=$(id)\nno name\n9X=1\n=x\nbad-name=1\nPATH_X=a=b\nC=last")
    commands = ['printf "<%s>" "$A" "$B" "$PATH_X" "$C"']
    done = run(shell, render_step({"GITLAB_ENV": str(env)}, commands, folder="/"))
    assert done.stdout.endswith(b"<1 2><$(id)><a=b><last>"), done
    assert done.stderr == b""


def test_debug_shows_each_command(shell: list[str]) -> None:
    done = run(shell, render_step({}, ["echo x"], folder="/", is_debug=True))
    assert b"+ echo x\n" in done.stderr
