"""Whole jobs: what GitLab has in the end, and what is left behind."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from helper.rig import Rig
from podlane.core.job.outcome import FailureReason
from podlane.core.plan.model import EnvVariable, Script


def plain(text: str) -> str:
    """The trace without colours and section marks."""
    text = re.sub(r"section_(start|end):\d+:[a-z_]+\r\x1b\[0K", "", text)
    return re.sub(r"\x1b\[[0-9;]*[mK]", "", text)


async def test_clone_and_script(rig: Rig) -> None:
    await rig.run()
    assert rig.job.state == "success", rig.trace
    assert rig.job.checksum_matches is True
    assert rig.job.final_tries == 1
    assert rig.word.state == "accepted"
    shown = plain(rig.trace)
    assert f"Checking out {rig.sha[:8]} as detached HEAD (ref is main)..." in shown
    assert "$ cat hello.txt\nhello\n" in shown
    assert shown.endswith("Job succeeded\n")


async def test_the_script_s_bytes_stand_between_its_marks(rig: Rig) -> None:
    rig.script(r"printf 'a\r\nb\tc \033[1m\303\251 no newline'")
    await rig.run()
    found = re.search(
        rb"section_start:\d+:step_script\r\x1b\[0K.*?\n\x1b\[32;1m\$ .*?\n(.*?)"
        rb"section_end:\d+:step_script\r\x1b\[0K",
        rig.job.trace,
        re.DOTALL,
    )
    assert found is not None, rig.trace
    assert found.group(1) == b"a\r\nb\tc \x1b[1m\xc3\xa9 no newline"


async def test_exit_code_and_after_script(rig: Rig) -> None:
    rig.script("echo one", "exit 7", "echo never", after=['echo "status=$CI_JOB_STATUS"'])
    await rig.run()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "script_failure")
    assert rig.job.exit_code == 7
    shown = plain(rig.trace)
    assert "never" not in shown.replace("$ echo never", "")
    assert "Running after script...\n" in shown
    assert "\nstatus=failed\n" in shown
    assert shown.endswith("ERROR: Job failed: command terminated with exit code 7\n")


async def test_variables_files_and_env_file(rig: Rig) -> None:
    rig.change(
        variables=(
            *rig.plan.variables,
            EnvVariable("HOSTILE", "a'b\"c$(id)`id`\n d"),
            EnvVariable("FILE", "line\n", is_file=True),
            EnvVariable("bad-name", "x"),
        )
    )
    rig.script(
        'printf "<%s>" "$HOSTILE"',
        'cat "$FILE"; echo "${FILE##*/}"',
        'echo "hello=wor ld \\$(id)" >> "$GITLAB_ENV"',
        after=['echo "env:$hello"'],
    )
    await rig.run()
    shown = plain(rig.trace)
    assert "<a'b\"c$(id)`id`\n d>" in shown
    assert "line\nFILE\n" in shown
    assert "env:wor ld $(id)" in shown


async def test_odd_variables_harm_nothing(rig: Rig) -> None:
    rig.change(
        variables=(
            *rig.plan.variables,
            EnvVariable("NUL", "a\0b"),
            EnvVariable("LONG", "x" * 200_000),
            EnvVariable("PATH_TO", "/nowhere"),
        )
    )
    rig.script("printf '<%s>' \"$NUL\" ${#LONG}")
    await rig.run()
    assert "<ab><200000>" in rig.trace


async def test_plain_sh_when_asked_for(rig: Rig) -> None:
    rig.change(shell="sh")
    rig.script('[ -z "$BASH_VERSION" ] || [ -n "$POSIXLY_CORRECT" ]; echo in sh; exit 4')
    await rig.run()
    assert rig.job.exit_code == 4
    assert "\nin sh\n" in plain(rig.trace)
    assert not list((rig.pod / "lane").glob("step-*"))


FAKE_PWSH = """\
#!/bin/sh
echo "words: $1 $2 $3 $4"; head -n 1 "$5"; exit 6
"""


async def test_pwsh_reads_the_script_when_asked_for(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/pwsh").write_text(FAKE_PWSH)
    (tmp_path / "bin/pwsh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    rig.change(shell="pwsh")
    await rig.run()
    assert rig.job.exit_code == 6
    assert "\nwords: -NoLogo -NoProfile -NonInteractive -File\n" in plain(rig.trace)
    assert "\n$ErrorActionPreference = 'Stop'\n" in plain(rig.trace)
    assert not list((rig.pod / "lane").glob("step-*"))


async def test_an_image_without_pwsh_is_named(rig: Rig) -> None:
    rig.change(shell="pwsh")
    await rig.run()
    assert rig.job.exit_code == 127
    assert "The image has no pwsh, which the `shell` of the runner asks for" in rig.trace


async def test_a_long_log_is_cut_between_characters(rig: Rig) -> None:
    rig.change_part("trace", limit_bytes=16 << 20)
    rig.script(f"(yes {'€' * 33} || true) | head -c 20000000")
    await rig.run(timeout=60)
    log, notice, rest = rig.job.trace.partition(
        b"\n\x1b[33;1mJob's log exceeded limit of 16777216 b"
    )
    assert (rig.job.state, bool(notice), rest.count(b"exceeded")) == ("success", True, 0)
    assert (16 << 20) - 3 < len(log) <= 16 << 20
    assert log.decode("utf-8", "strict").count("€" * 33) > 160_000
    assert rig.job.checksum_matches is True


async def test_stdin_is_at_its_end_and_pipefail_holds(rig: Rig) -> None:
    rig.script("cat; echo eof", "false | true", "echo never-said")
    await rig.run()
    assert rig.job.state == "failed"
    assert "eof\n" in plain(rig.trace)
    assert "never-said\n" not in rig.trace.replace("$ echo never-said", "")


async def test_secrets_are_masked_to_the_last_byte(rig: Rig) -> None:
    from podlane.core.text.token import Token

    rig.change_part("trace", masks=(Token("s3cret"), Token("s3cret-longer")))
    rig.script("echo s3cret-longer; printf s3cret; printf s3c", "printf ret; exit 1")
    await rig.run()
    assert "s3cret" not in rig.trace
    assert "[MASKED]" in rig.trace


async def test_output_limit_changes_no_outcome(rig: Rig) -> None:
    rig.change_part("trace", limit_bytes=2000)
    rig.script("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 3")
    await rig.run()
    assert rig.job.exit_code == 3
    assert "Job's log exceeded limit of 2000 bytes." in rig.trace
    assert len(rig.job.trace) < 2300
    assert rig.job.checksum_matches is True


async def test_two_steps_stop_at_the_first_that_fails(rig: Rig) -> None:
    rig.change(
        scripts=(Script("step_script", ("exit 1",)), Script("step_release", ("echo released",)))
    )
    await rig.run()
    assert "released" not in rig.trace


async def test_background_process_does_not_hang_the_job(rig: Rig) -> None:
    rig.script("sleep 300 & echo started", after=["echo after"])
    await rig.run(timeout=10)
    assert rig.job.state == "success"
    assert "\nafter\n" in plain(rig.trace)


async def test_missing_commit_is_said_in_one_line(rig: Rig) -> None:
    rig.change_part("sources", sha="0" * 39 + "1")
    await rig.run()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "script_failure")
    end, hint = plain(rig.trace).splitlines()[-2:]
    assert end.startswith("ERROR: Job failed: the commit ")
    assert "is not in what was fetched" in end
    assert hint == "hint: it may have been force-pushed away, or lie deeper than GIT_DEPTH"
    assert "step_script" not in rig.trace


async def test_token_is_left_nowhere_in_the_working_copy(rig: Rig) -> None:
    rig.script("git fetch -q origin main && echo fetched", "git config --list --show-origin")
    await rig.run()
    assert "fetched\n" in plain(rig.trace)
    assert rig.job.token not in rig.trace
    for path in rig.project.rglob("*"):
        if path.is_file():
            assert rig.job.token.encode() not in path.read_bytes(), path


async def test_job_time_out(rig: Rig) -> None:
    rig.change_part("limits", job=2.0)
    rig.script("sleep 60", after=["echo after"])
    await rig.run()
    assert rig.job.failure_reason == FailureReason.JOB_EXECUTION_TIMEOUT
    assert plain(rig.trace).endswith("execution took longer than 2s seconds\n")


async def test_script_time_out_lets_after_script_run(rig: Rig) -> None:
    rig.change_part("limits", script=1.0)
    rig.script("sleep 60", after=['echo "status $CI_JOB_STATUS"'])
    await rig.run()
    assert rig.job.failure_reason == FailureReason.JOB_EXECUTION_TIMEOUT
    assert "\nstatus timedout\n" in plain(rig.trace)


async def test_timestamps(rig: Rig) -> None:
    rig.change_part("trace", with_timestamps=True)
    rig.script("echo one; echo two >&2")
    await rig.run()
    header = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z 0[01]O[ +]")
    lines = rig.trace.split("\n")[:-1]
    assert all(header.match(line) for line in lines), rig.trace
    assert any(line.endswith(" 01O two") for line in lines)
    assert rig.job.checksum_matches is True
