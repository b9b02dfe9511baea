"""`podlane local` as a user runs it: real processes, real git, the whole path of each job."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import IO, cast

import pytest

PODLANE = [sys.executable, "-m", "podlane", "local"]


def project(folder: Path, text: str) -> Path:
    (folder / ".gitlab-ci.yml").write_text(dedent(text))
    subprocess.run(["git", "init", "-q", "-b", "main", "."], cwd=folder, check=True)
    return folder


def environ(folder: Path) -> dict[str, str]:
    temporary = folder.parent / f"{folder.name}-tmp"
    temporary.mkdir(exist_ok=True)
    return {**os.environ, "TMPDIR": str(temporary), "NO_COLOR": "1"}


def podlane(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [*PODLANE, *words],
        cwd=folder,
        env=environ(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    assert not list((folder.parent / f"{folder.name}-tmp").iterdir()), "the run's folder is left"
    return done.returncode, done.stdout


def log(folder: Path, name: str) -> str:
    return (folder / ".podlane" / "logs" / f"{name}.log").read_text()


def test_a_pipeline_from_end_to_end(tmp_path: Path) -> None:
    work = project(tmp_path, """
        stages: [build, test]
        compile:
          stage: build
          script:
            - mkdir -p out; echo made > out/a.txt
            - echo VERSION=7 > build.env
          artifacts: {paths: [out], reports: {dotenv: build.env}}
          cache: {key: c, paths: [kept]}
        check:
          parallel: {matrix: [{X: [a, b]}]}
          script: ['echo "$X $VERSION $(cat out/a.txt)"']
        flaky:
          script: exit 3
          allow_failure: {exit_codes: 3}
          after_script: ['echo "$CI_JOB_STATUS"']
        later: {stage: test, script: x, when: manual}
    """)  # fmt: skip
    code, out = podlane(work)
    assert code == 0, out
    assert "a 7 made" in log(work, "check-a")
    assert "b 7 made" in log(work, "check-b")
    assert "failed" in log(work, "flaky").splitlines()
    assert "section_" not in out
    assert "\x1b" not in out
    assert (work / ".podlane" / "artifacts" / "compile" / "out" / "a.txt").read_text() == "made\n"
    assert (work / ".podlane" / "reports" / "compile").is_dir()
    assert "failed (allowed)" in out
    assert "podlane local later" in out
    assert "pipeline: success" in out
    assert not subprocess.run(
        ["git", "status", "--short", "--", ".podlane"], cwd=work, capture_output=True, check=True
    ).stdout


def test_a_failure_stops_later_stages_and_is_the_exit_code(tmp_path: Path) -> None:
    work = project(tmp_path, """
        bad: {stage: build, script: exit 4, retry: 1, artifacts: {when: always, paths: [x]}}
        good: {stage: test, script: echo no}
        mend: {stage: deploy, script: echo mended, when: on_failure}
    """)  # fmt: skip
    code, out = podlane(work)
    assert code == 1, out
    assert "try 2" in out
    assert "exit code 4" in out
    assert "mended" in log(work, "mend")
    assert not (work / ".podlane" / "logs" / "good.log").exists()
    assert (work / ".podlane" / "logs" / "bad-try2.log").exists()


def test_the_cache_is_there_in_the_next_run(tmp_path: Path) -> None:
    work = project(tmp_path, """
        job:
          script: [test -f c/x && echo found || echo none, mkdir -p c, touch c/x]
          cache: {key: k, paths: [c]}
    """)  # fmt: skip
    assert podlane(work)[0] == 0
    assert "none" in log(work, "job").splitlines()
    assert podlane(work)[0] == 0
    assert "found" in log(work, "job").splitlines()


def test_named_jobs_bring_what_they_need(tmp_path: Path) -> None:
    work = project(tmp_path, """
        a: {stage: build, script: echo a > a.txt, artifacts: {paths: [a.txt]}}
        other: {stage: build, script: echo other}
        b: {stage: test, script: cat a.txt}
        c: {stage: test, script: echo "$GIVEN", when: manual}
    """)  # fmt: skip
    code, out = podlane(work, "b")
    assert code == 0, out
    assert "other" not in out
    code, out = podlane(work, "--no-needs", "c", "--variable", "GIVEN=it is so")
    assert code == 0, out
    assert "it is so" in log(work, "c")
    assert not (work / ".podlane" / "logs" / "a.log").exists()
    code, out = podlane(work, "d")
    assert code == 2
    assert "there is no job `d`" in out


def test_list_shows_the_rule_that_decided(tmp_path: Path) -> None:
    work = project(tmp_path, """
        in:
          script: x
          rules: [{if: $CI_PIPELINE_SOURCE == "schedule"}]
        out: {script: x, only: [tags]}
    """)  # fmt: skip
    code, out = podlane(work, "--list", "--source", "schedule")
    assert code == 0, out
    line = next(line for line in out.splitlines() if line.startswith("in "))
    assert 'if: $CI_PIPELINE_SOURCE == "schedule"' in line
    assert ".gitlab-ci.yml:4" in line
    assert "only:refs does not hold" in out
    assert not (work / ".podlane").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("job: {scrpt: x}", [".gitlab-ci.yml:1", "did you mean `script`"]),
        ("job: {script: x, only: [tags]}", ["no pipeline", "--list"]),
        ("", ["no pipeline"]),
    ],
)
def test_a_faulty_file_is_exit_code_2(tmp_path: Path, text: str, words: list[str]) -> None:
    code, out = podlane(project(tmp_path, text))
    assert code == 2, out
    assert all(word in out for word in words), out


def test_no_file_at_all(tmp_path: Path) -> None:
    code, out = podlane(tmp_path)
    assert code == 2
    assert "--file" in out


def interrupt(work: Path, times: int) -> tuple[int, str]:
    """Run, press Ctrl-C when the job sleeps, and again when its after_script does."""
    process = subprocess.Popen(
        PODLANE,
        cwd=work,
        env=environ(work),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen = []
    with process, cast(IO[str], process.stdout) as out:
        for line in out:
            seen.append(line)
            if "$ sleep" in line and times:
                process.send_signal(signal.SIGINT)
                times -= 1
    return process.returncode, "".join(seen)


def is_running(words: str) -> bool:
    done = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return any(line.startswith(words) for line in done.stdout.splitlines())


def test_ctrl_c_cancels_like_gitlabs_button(tmp_path: Path) -> None:
    work = project(tmp_path, """
        long:
          script: [echo kept > a.txt, sleep 45.5]
          after_script: ['echo "after: $CI_JOB_STATUS"']
          artifacts: {when: always, paths: [a.txt]}
        next: {stage: deploy, script: echo no}
    """)  # fmt: skip
    code, out = interrupt(work, 1)
    assert code == 130, out
    assert "after: canceled" in out
    assert (work / ".podlane" / "artifacts" / "long" / "a.txt").exists()
    assert not (work / ".podlane" / "logs" / "next.log").exists()
    assert not is_running("sleep 45.5")
    assert not list((tmp_path.parent / f"{work.name}-tmp").iterdir())


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    work = project(tmp_path, "long: {script: sleep 45.6, after_script: [sleep 45.7]}")
    code, out = interrupt(work, 2)
    assert code == 130, out
    assert "ending at once" in out
    assert not is_running("sleep 45.6")
    assert not is_running("sleep 45.7")
    assert not list((tmp_path.parent / f"{work.name}-tmp").iterdir())
