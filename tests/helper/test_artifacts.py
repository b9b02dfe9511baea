"""Artifacts in whole jobs: what is chosen, what GitLab says to it, what comes of it."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import zipfile

import pytest

from harness.http_server import Call, Said, serve
from helper.rig import Rig
from helper.test_job import plain
from podlane.core.plan.model import ArtifactSettings, Download, EnvVariable, Provenance, Upload
from podlane.core.text.token import Token
from podlane.local.coordinator import CoordinatorJob, Fault


def names(job: CoordinatorJob) -> list[str]:
    with zipfile.ZipFile(job.artifacts["archive"]) as archive:
        assert archive.testzip() is None
        return sorted(archive.namelist())


def other_job(rig: Rig, files: dict[str, str], name: str = "other") -> Download:
    """A job that has left an archive."""
    other = rig.coordinator.enqueue()
    path = rig.root / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as made:
        for file, text in files.items():
            made.writestr(file, text)
    other.artifacts["archive"] = path
    other.artifact_names["archive"] = "artifacts.zip"
    other.enter("success")
    return Download(other.id, name, Token(rig.job.token), "artifacts.zip")


async def fail_early(rig: Rig) -> None:
    """Run a job that ends before its build container may have said hello."""
    await rig.start()
    assert await rig.end(loop_ends=False) == 0


async def test_reports_of_several_files_and_raw_ones(rig: Rig) -> None:
    rig.change(
        uploads=(
            Upload("junit.xml", ("r/*.xml", "r/link"), type="junit", format="gzip"),
            Upload("gl-sast-report.json", ("r/sast.json",), type="sast", format="raw"),
            Upload("$NONE", ("r/",)),
        )
    )
    rig.script(
        "mkdir r; printf one > r/a.xml; printf two > r/b.xml; echo '{}' > r/sast.json",
        "ln -s a.xml r/link",
    )
    await rig.run()
    assert rig.job.state == "success", rig.trace
    data = rig.job.artifacts["junit"].read_bytes()
    assert gzip.decompress(data) == b"onetwo"
    assert data[:4] == b"\x1f\x8b\x08\x18"
    assert data[10:].startswith(b"a.xml\0r/a.xml\0")
    assert b"b.xml\0r/b.xml\0" in data
    assert rig.job.artifacts["sast"].read_text() == "{}\n"
    assert rig.job.artifact_names == {
        "junit": "junit.xml.gz",
        "sast": "gl-sast-report.json",
        "archive": "default.zip",
    }
    assert "'r/link' is a link, not a file, and is left out" in plain(rig.trace)


async def test_raw_is_one_file(rig: Rig) -> None:
    rig.change(uploads=(Upload("x", ("a*",), type="sast", format="raw"),))
    rig.script("echo 1 > a1; echo 2 > a2")
    await rig.run()
    assert (rig.job.state, rig.job.failure_reason, rig.job.exit_code) == (
        "failed",
        "script_failure",
        1,
    )
    assert "only one file can be sent as raw, and 2 were found" in plain(rig.trace)


async def test_paths_of_all_kinds(rig: Rig) -> None:
    rig.change(
        variables=(*rig.plan.variables, EnvVariable("DIR", "out")),
        uploads=(
            Upload(
                "n/${NAME:-x}/$DIR",
                (
                    "${DIR}/**/*.{log,txt}",
                    f"{rig.project}/abs",
                    "../outside",
                    "[ab].bin",
                    "$(id)",
                    "current/x",
                    "away/x",
                    "pip?",
                ),
                exclude=("out/no/**", f"{rig.project}/b.bin"),
                untracked=True,
            ),
        ),
    )
    rig.script(
        "mkdir -p out/deep out/no abs real; touch out/a.log out/deep/b.txt out/no/c.txt abs/f",
        "touch a.bin b.bin 'new\nline' hidden; echo new > real/x; ln -s real current",
        "mkdir ../far; touch ../far/x; ln -s ../far away",
        "mkdir -p .git/info; echo hidden >> .git/info/exclude; mkfifo pipe",
    )
    await rig.run()
    shown = plain(rig.trace)
    assert rig.job.state == "success", shown
    assert names(rig.job) == [
        "a.bin",
        "abs/",
        "abs/f",
        "away",
        "current",
        "current/x",
        "hidden",
        "new\nline",
        "out/a.log",
        "out/deep/b.txt",
        "real/x",
    ]
    assert rig.job.artifact_names["archive"] == "out.zip"
    assert "WARNING: ../outside: lies outside the project directory and is left out\n" in shown
    assert "WARNING: away/x: lies outside the project directory and is left out\n" in shown
    assert "WARNING: $(id): is used as it stands, for it holds a command" in shown
    assert "WARNING: 'pipe' is a pipe and is left out\n" in shown
    assert "untracked: found 9 files\n" in shown
    assert "out/no/**: excluded 2 files\n" in shown


async def test_git_runs_nothing_that_a_script_has_put_into_its_settings(rig: Rig) -> None:
    rig.change(uploads=(Upload("x", (), untracked=True),))
    rig.script(
        f"printf '#!/bin/sh\\ntouch {rig.root}/HOOKED\\n' > monitor; chmod 755 monitor",
        'git config core.fsmonitor "$PWD/monitor"',
    )
    await rig.run()
    assert names(rig.job) == ["monitor"]
    assert not (rig.root / "HOOKED").exists()


async def test_too_large_is_said_in_plain_words(rig: Rig) -> None:
    rig.coordinator.artifacts.limit_bytes = 100_000
    rig.change(
        uploads=(
            Upload("big", ("big",)),
            Upload("x", ("hello.txt",), type="junit", format="gzip", when="always"),
        )
    )
    rig.script("head -c 2000000 /dev/urandom > big")
    await rig.run()
    shown = plain(rig.trace)
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "script_failure")
    assert "ERROR: the artifacts have 2 MB packed, more than this GitLab takes: 413" in shown
    assert "hint: GitLab's limit is `Maximum artifacts size`" in shown
    assert "ERROR: Job failed: the artifacts have 2 MB packed" in shown
    assert "junit" in rig.job.artifacts, "the others go up all the same"


async def test_what_gitlab_says_of_a_bad_report_is_shown_and_not_asked_again(rig: Rig) -> None:
    rig.change(uploads=(Upload("e", ("env",), type="dotenv", format="gzip"),))
    fault = rig.coordinator.faults.add(Fault("upload", "slow", seconds=0, times=9))
    rig.script("echo 'no equals sign' > env")
    await rig.run()
    assert rig.job.state == "failed"
    assert "GitLab refused the artifacts: 400 (400 Bad request - Invalid Format)" in rig.trace
    assert fault.hits == 1


@pytest.mark.parametrize(("status", "times", "state"), [(503, 5, "success"), (500, 3, "failed")])
async def test_a_busy_gitlab_is_asked_again(rig: Rig, status: int, times: int, state: str) -> None:
    rig.change(uploads=(Upload("x", ("hello.txt",)),))
    fault = Fault("upload", status=status, times=times, headers={"Retry-After": "0"})
    rig.coordinator.faults.add(fault)
    await rig.run()
    assert (rig.job.state, fault.hits) == (state, times), rig.trace
    assert f'as "archive" to coordinator... {status}; trying again' in plain(rig.trace)


async def test_a_connection_that_drops_is_made_again(rig: Rig) -> None:
    rig.change(uploads=(Upload("x", ("hello.txt",)),))
    rig.coordinator.faults.add(Fault("upload", "drop_after"))
    await rig.run()
    assert rig.job.state == "success", rig.trace


async def test_the_answer_s_headers_with_debug_trace(rig: Rig) -> None:
    rig.change(uploads=(Upload("x", ("hello.txt",)),))
    rig.change_part("trace", is_debug=True)
    await rig.run()
    assert "response header content-type: application/json" in plain(rig.trace)
    assert rig.job.token not in rig.trace


async def test_a_statement_of_provenance(rig: Rig) -> None:
    facts = Provenance(
        builder="http://g/-/runners/1",
        repository="http://g/p.git",
        sha=rig.sha,
        entry_point="hello",
        runner="r",
        architecture="linux/amd64",
        version="1",
        parameters=("CI",),
    )
    rig.change(
        artifacts=ArtifactSettings(provenance=facts, level="fastest"),
        uploads=(Upload("a/b", ("hello.txt", "sub")),),
    )
    await rig.run()
    assert names(rig.job) == ["b-metadata.json", "hello.txt", "sub/", "sub/inner.txt"]
    with zipfile.ZipFile(rig.job.artifacts["archive"]) as archive:
        made = json.loads(archive.read("b-metadata.json"))
        assert archive.getinfo("hello.txt").compress_type == zipfile.ZIP_STORED
    assert made["_type"] == "https://in-toto.io/Statement/v0.1"
    assert made["predicateType"] == "https://slsa.dev/provenance/v1"
    digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    assert {"name": "hello.txt", "digest": {"sha256": digest}} in made["subject"]
    assert made["predicate"]["buildDefinition"]["externalParameters"]["entryPoint"] == "hello"
    assert made["predicate"]["runDetails"]["metadata"]["invocationID"] == str(rig.job.id)


async def test_dependencies_in_order_the_later_one_wins(rig: Rig) -> None:
    first = other_job(rig, {"same": "first", "one": "1"}, "first")
    second = other_job(rig, {"same": "second"}, "second")
    rig.change(downloads=(first, second))
    rig.script("cat same one")
    await rig.run()
    assert "second1" in rig.trace


@pytest.mark.parametrize("is_direct", [True, False])
async def test_an_object_store_out_of_reach_makes_gitlab_hand_the_file_through(
    rig: Rig, is_direct: bool
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        rig.coordinator.artifacts.is_direct = True
        rig.coordinator.artifacts.direct_url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        rig.change(downloads=(other_job(rig, {"x": "through"}),))
        rig.change(artifacts=ArtifactSettings(is_direct=is_direct))
        rig.script("cat x")
        await rig.run()
    assert "through" in rig.trace
    assert ("trying again" in rig.trace) == is_direct


async def test_artifacts_straight_from_the_object_store(rig: Rig) -> None:
    rig.coordinator.artifacts.is_direct = True
    rig.change(downloads=(other_job(rig, {"x": "straight"}),))
    rig.script("cat x")
    await rig.run()
    assert "straight" in rig.trace
    assert "Downloading artifacts from coordinator... ok        " in plain(rig.trace)


@pytest.mark.parametrize("has_ranges", [True, False])
async def test_artifacts_from_the_object_store_in_parts(rig: Rig, has_ranges: bool) -> None:
    item = other_job(rig, {"x": "straight", "noise": os.urandom(12_000_000).hex()})
    path = rig.coordinator.jobs[item.job_id].artifacts["archive"]
    data = path.read_bytes()

    def answer(call: Call) -> Said:
        if not has_ranges:
            return Said(403, {}, b"<Error><Code>AccessDenied</Code></Error>")
        first, last = call.headers["range"].removeprefix("bytes=").split("-")
        part = data[int(first) : int(last) + 1]
        end = int(first) + len(part) - 1
        told = {"Content-Range": f"bytes {first}-{end}/{len(data)}", "ETag": '"e"'}
        return Said(206, told, part)

    with serve(answer) as store:
        rig.coordinator.artifacts.is_direct = True
        rig.coordinator.artifacts.direct_url = store.url
        rig.change(downloads=(item,), artifacts=ArtifactSettings(in_parts=True))
        rig.script("cat x")
        await rig.run()
    assert "straight" in rig.trace, rig.trace
    assert ("in one piece" in rig.trace) != has_ranges
    assert (len(store.calls) >= 3) == has_ranges
    assert not any("job-token" in call.headers for call in store.calls)


async def test_artifacts_that_are_gone(rig: Rig) -> None:
    item = other_job(rig, {"x": ""})
    rig.coordinator.jobs[item.job_id].artifacts.clear()
    rig.change(downloads=(item,))
    await fail_early(rig)
    shown = plain(rig.trace)
    assert f"the artifacts of other ({item.job_id}) are not there any more: 404" in shown
    assert "hint: they may have expired (`expire_in`)" in shown


async def test_artifacts_that_may_not_be_had(rig: Rig) -> None:
    item = other_job(rig, {"x": ""})
    rig.change(downloads=(Download(item.job_id, "other", Token("wrong"), "artifacts.zip"),))
    await fail_early(rig)
    assert "may not be had by this job: 403 (403 Forbidden)" in plain(rig.trace)
    assert rig.job.failure_reason == "script_failure"


async def test_a_truncated_archive_is_fetched_as_often_as_asked(rig: Rig) -> None:
    item = other_job(rig, {"x": "content" * 1000})
    path = rig.coordinator.jobs[item.job_id].artifacts["archive"]
    path.write_bytes(path.read_bytes()[:-30])
    rig.change(downloads=(item,), artifacts=ArtifactSettings(attempts=2))
    await fail_early(rig)
    assert "the artifacts of other were refused: it is no archive, or it is cut short" in rig.trace
    assert "; attempt 2 of 2 follows" in rig.trace
    assert rig.trace.count("Downloading artifacts from coordinator... ok") == 2


async def test_a_file_made_of_nothing_but_a_name_that_is_no_text(rig: Rig) -> None:
    rig.change(uploads=(Upload("ü", ("dir",)),))
    rig.script("mkdir dir; touch \"dir/$(printf 'caf\\351')\" dir/grün")
    await rig.run()
    assert rig.job.artifact_names["archive"] == "ü.zip"
    data = rig.job.artifacts["archive"].read_bytes()
    assert b"dir/caf\xe9" in data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert "dir/grün" in archive.namelist()
