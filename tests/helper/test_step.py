"""The text of a step, run by every shell there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import urllib.parse
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podlane.core.plan.step import Look, render_step, too_long_to_export
from podlane.core.text.quote import quote, quote_pwsh
from podlane.core.text.spelling import spellings
from podlane.core.trace.masker import mask_text

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


PWSH_QUOTED = [
    ("plain", "'plain'"),
    ("", "''"),
    ("it's", "'it''s'"),
    ('$x `n "q" \\', "'$x `n \"q\" \\'"),
    ("two\nlines", "'two\nlines'"),
    ("\u2018a\u2019\u201a\u201b", "'\u2018\u2018a\u2019\u2019\u201a\u201a\u201b\u201b'"),
    ("a\0b", "'ab'"),
]


@pytest.mark.parametrize(("text", "quoted"), PWSH_QUOTED)
def test_quoted_for_pwsh(text: str, quoted: str) -> None:
    assert quote_pwsh(text) == quoted


@given(
    st.text(st.sampled_from("ab'\u2018\u2019\u201a\u201b\"$`\n ") | st.characters(), max_size=30)
)
def test_any_text_is_one_string_to_pwsh(text: str) -> None:
    """By PowerShell's rule: of two quotes of any kind in a row the second is the string's, one
    alone ends it."""
    quoted, read, at = quote_pwsh(text), "", 1
    quotes = "'\u2018\u2019\u201a\u201b"
    while not (quoted[at] in quotes and (at + 1 == len(quoted) or quoted[at + 1] not in quotes)):
        at += 1 if quoted[at] in quotes else 0
        read += quoted[at]
        at += 1
    assert at == len(quoted) - 1
    assert read == text.replace("\0", "")


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
        (["echo a; exit 0", "echo never", "exit 3"], 0),
        (["no-such-command-at-all", "echo never"], 127),
        (["/etc/passwd", "echo never"], 126),
        (["if true", "then exit 6", "fi", "exit 5"], 6),
        (["f() { return 3; }", "f", "echo never"], 3),
        (["cd /nowhere-at-all"], 1),
        (["[ -n '' ] && echo never", "true"], 0),
        (["set +e", "false", "echo on; exit 4"], 4),
        (["set +e", "false"], 1),
        (["set -u", "echo ${NOT_THERE:-fine}", "exit 7"], 7),
        (["trap 'exit 11' EXIT", "exit 2"], 11),
        (["trap 'echo bye' EXIT", "false", "echo never"], 1),
        (["kill -9 $$"], -9),
        (["true | sh -c 'exit 5' | cat", "echo never"], 5),
        (["! true", "exit 8"], 8),
    ],
)
def test_exit_codes(shell: list[str], commands: list[str], code: int) -> None:
    done = run(shell, render_step({}, commands, folder="/"))
    if "|" in commands[0] and shell == ["dash"]:
        code = 0  # it knows no pipefail
    assert done.returncode == code or (commands[0].startswith("cd") and done.returncode == 2)
    assert b"\nnever" not in done.stdout or code == 0


def test_return_ends_the_step(shell: list[str], tmp_path: Path) -> None:
    """bash knows it in functions only, and that error ends the step too."""
    file = tmp_path / "step"
    file.write_text(render_step({}, ["return 129", "echo never"], folder="/"))
    done = subprocess.run([*shell, str(file)], capture_output=True, check=False)
    assert done.returncode == (2 if shell == ["bash"] else 129)
    assert b"\nnever" not in done.stdout


def test_a_syntax_error_has_the_shell_s_own_code(shell: list[str]) -> None:
    done = run(shell, render_step({}, ["echo before", "if then )", "echo never"], folder="/"))
    assert done.returncode == 2
    assert b"\nnever" not in done.stdout


def test_each_status_is_looked_at_when_asked_for(shell: list[str]) -> None:
    commands = ["set +e", "false", "echo never"]
    assert run(shell, render_step({}, commands, folder="/")).returncode == 0
    done = run(shell, render_step({}, commands, folder="/", look=Look(with_checks=True)))
    assert (done.returncode, b"\nnever" in done.stdout) == (1, False)


def test_multi_line_commands_are_folded_when_asked_for(shell: list[str]) -> None:
    commands = ["echo one", "echo two\necho 'th%s\\n'"]
    look = Look(folds=("", "section_script_step_1"))
    done = run(shell, render_step({}, commands, folder="/", look=look))
    expected = (
        rb"\x1b\[32;1m\$ echo one\x1b\[0;m\none\n"
        rb"section_start:\d{10}:section_script_step_1\[hide_duration=true,collapsed=true\]\r\x1b\[0K"
        rb"\x1b\[32;1m\$ echo two\necho 'th%s\\n'\x1b\[0;m\n"
        rb"section_end:\d{10}:section_script_step_1\r\x1b\[0Ktwo\nth%s"
    )
    assert re.match(expected, done.stdout), done.stdout


def test_ten_thousand_commands(shell: list[str]) -> None:
    commands = [f"echo line {number}" for number in range(10_240)]
    text = render_step({}, commands, folder="/")
    done = subprocess.run(
        [*shell, "/dev/stdin"], input=text.encode(), capture_output=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.count(b"\nline ") == 10_240


def test_here_documents_unicode_and_odd_signs(shell: list[str]) -> None:
    commands = [
        "cat <<A; cat <<'B'\n$X ü\n`echo in`\nA\n$X \\ \"'\nB",
        "printf '%s|' '☃' \"a\\tb\" 'c'",
        "echo done # comment",
    ]
    done = run(shell, render_step({"X": "ж"}, commands, folder="/"))
    assert done.stderr == b""
    shown = "ж ü\nin\n$X \\ \"'\n"
    assert shown in done.stdout.decode()
    assert "☃|a\\tb|c|" in done.stdout.decode()
    assert done.stdout.endswith(b"\ndone\n")


def test_a_carriage_return_does_not_hide_the_echo(shell: list[str]) -> None:
    done = run(shell, render_step({}, [": one\r\n: two"], folder="/"))
    assert done.stdout == b"\x1b[32;1m$ : one # collapsed multi-line command\x1b[0;m\n"


def test_long_values_keep_no_program_from_starting(shell: list[str]) -> None:
    values = {"SHORT": "s", "LONG": "x" * 1_000_000, **{f"V{n}": "y" * 100_000 for n in range(12)}}
    assert "LONG" in too_long_to_export(values)
    assert "SHORT" not in too_long_to_export(values)
    commands = ['printf "%s %s " ${#LONG} ${#V0}', "env | grep -c ^V", "env | grep -c LONG || true"]
    done = subprocess.run(
        [*shell, "/dev/stdin"],
        input=render_step(values, commands, folder="/").encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-300:]
    shown = re.sub(rb"\x1b\[32;1m[^\n]*\n", b"", done.stdout)
    assert shown == b"1000000 100000 10\n0\n"


@pytest.mark.parametrize("home", ["/", "/nowhere", ""])
def test_a_home_that_cannot_be_written_is_replaced(
    shell: list[str], tmp_path: Path, home: str
) -> None:
    look = Look(home=str(tmp_path))
    text = render_step({}, ['echo "home: $HOME"'], folder="/", look=look)
    user = None if os.geteuid() else 65534
    env = {"PATH": "/usr/bin:/bin", "HOME": home}
    done = subprocess.run(
        [*shell, "-c", text], env=env, user=user, capture_output=True, check=False
    )
    assert f"home: {tmp_path}\n".encode() in done.stdout
    kept = run(shell, render_step({"HOME": "/mine"}, ['echo "$HOME"'], folder="/", look=look))
    assert kept.stdout.endswith(b"\n/mine\n")


def test_the_env_file_is_data_not_text(shell: list[str], tmp_path: Path) -> None:
    env = tmp_path / "env"
    env.write_text("A=1 2\nB=$(id)\nno name\n9X=1\n=x\nbad-name=1\nPATH_X=a=b\nC=last")
    commands = ['printf "<%s>" "$A" "$B" "$PATH_X" "$C"']
    done = run(shell, render_step({"GITLAB_ENV": str(env)}, commands, folder="/"))
    assert done.stdout.endswith(b"<1 2><$(id)><a=b><last>"), done
    assert done.stderr == b""


def test_the_env_file_does_not_touch_what_no_shell_may_change(tmp_path: Path) -> None:
    env = tmp_path / "env"
    env.write_text("UID=5\nPPID=1\nBASHOPTS=x\nGOOD=yes\n")
    text = render_step({"GITLAB_ENV": str(env)}, ['echo "$GOOD"'], folder="/")
    for words in (["bash"], ["bash", "--posix"]):
        done = run(words, text)
        assert (done.returncode, done.stderr) == (0, b"")


def test_debug_shows_each_command(shell: list[str]) -> None:
    text = render_step({"WORD": "w"}, ["echo x"], folder="/", look=Look(is_debug=True))
    done = run(shell, text)
    assert b"+ echo x\n" in done.stderr
    assert re.search(rb"\+ (export )?'?WORD=w", done.stderr)
    assert b"podlane_line" not in done.stderr


SECRETS = [
    "it's$xyz",
    'q1w"e2r\\t3z`u4i',
    "zwo\nlinien 'q'",
    "tabu\tund\x01mehr",
    "p@ßs/w%rd+=",
    "ключ'☃",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_no_spelling_of_a_secret_gets_through(
    shell: list[str], secret: str, tmp_path: Path
) -> None:
    """Whatever a shell prints of it: its trace, its variables, JSON made of it."""
    commands = ['echo "$SECRET" >/dev/null', "export -p", "set", 'printf "%s\\n" "$SECRET"']
    text = render_step({"SECRET": secret}, commands, folder="/", look=Look(is_debug=True))
    (tmp_path / "step").write_text(text)
    env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    words = [*shell, str(tmp_path / "step")]
    done = subprocess.run(words, env=env, capture_output=True, check=False)
    in_json = json.dumps({"a": secret}) + json.dumps(secret, ensure_ascii=False)
    in_url = urllib.parse.quote(secret, safe="") + urllib.parse.quote_plus(secret)
    seen = (done.stdout + done.stderr).decode() + in_json + in_url
    masked = mask_text(seen, spellings(secret), [])
    for piece in re.findall(r"[\w$]{3,}", secret):
        assert piece not in masked
