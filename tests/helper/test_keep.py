"""Caches, artifacts and the working copy's other ways, in whole jobs."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

from helper.rig import Rig, git, make_repository
from helper.test_job import plain
from podlane.core.plan.model import (
    CacheKey,
    CacheRestore,
    CacheSave,
    Download,
    EnvVariable,
    ServiceCheck,
    Upload,
)
from podlane.core.text.token import Token


def key(name: str) -> CacheKey:
    return CacheKey(name, name)


async def test_artifacts_are_uploaded(rig: Rig) -> None:
    rig.change(
        variables=(*rig.plan.variables, EnvVariable("WHAT", "build")),
        uploads=(
            Upload("$WHAT-out", ("out/", "nothing"), exclude=("out/tmp/**/*",)),
            Upload("report.xml", ("report.$SAID",), type="junit", format="gzip", when="always"),
            Upload("failed", ("out/",), when="on_failure", type="metadata"),
        ),
    )
    rig.script(
        "mkdir -p out/tmp; echo a > out/a; echo b > out/tmp/b; echo '<x/>' > report.xml",
        'echo "SAID=xml" >> "$GITLAB_ENV"',
    )
    await rig.run()
    assert rig.job.state == "success", rig.trace
    with zipfile.ZipFile(rig.job.artifacts["archive"]) as archive:
        assert sorted(archive.namelist()) == ["out/", "out/a", "out/tmp/"]
    assert gzip.decompress(rig.job.artifacts["junit"].read_bytes()) == b"<x/>\n"
    assert rig.job.artifact_names["archive"] == "build-out.zip"
    assert "metadata" not in rig.job.artifacts
    shown = plain(rig.trace)
    assert "out/: found 3 matching artifact files and directories\n" in shown
    assert "out/tmp/**/*: excluded 1 files\n" in shown
    assert "WARNING: nothing: no matching files. Ensure that the artifact path" in shown
    assert 'Uploading artifacts as "archive" to coordinator... 201 Created' in shown


async def test_no_files_to_upload_is_no_failure(rig: Rig) -> None:
    rig.change(uploads=(Upload("x", ("none",)),))
    await rig.run()
    assert rig.job.state == "success"
    assert "No files to upload\n" in plain(rig.trace)


async def test_a_failed_job_keeps_what_is_for_failure(rig: Rig) -> None:
    rig.change(uploads=(Upload("log", ("log",), when="on_failure"), Upload("bin", ("log",))))
    rig.script("echo x > log; exit 4")
    await rig.run()
    assert rig.job.exit_code == 4
    assert rig.job.artifact_names == {"archive": "log.zip"}


async def test_artifacts_of_another_job(rig: Rig) -> None:
    other = rig.coordinator.enqueue()
    path = rig.root / "other.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("from-other.txt", "fetched")
    other.artifacts["archive"] = path
    other.artifact_names["archive"] = "artifacts.zip"
    other.enter("success")
    rig.change(downloads=(Download(other.id, "other", Token(rig.job.token), "artifacts.zip"),))
    rig.script("cat from-other.txt")
    await rig.run()
    assert "fetched" in rig.trace
    assert f"Downloading artifacts for other ({other.id})..." in plain(rig.trace)


async def test_missing_artifacts_fail_the_job_before_its_script(rig: Rig) -> None:
    rig.change(downloads=(Download(999999, "other", Token(rig.job.token), "artifacts.zip"),))
    await rig.run()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "script_failure")
    assert "step_script" not in rig.trace


async def test_cache_is_saved_and_restored(rig: Rig) -> None:
    rig.change(
        restore=(CacheRestore((key("main"), key("fallback"))),),
        save=(
            CacheSave(key("main"), ("kept/",)),
            CacheSave(key("never"), ("kept/",), when="on_failure"),
        ),
    )
    old = Path(rig.plan.places.cache) / "fallback" / "cache.zip"
    old.parent.mkdir(parents=True)
    with zipfile.ZipFile(old, "w") as made:
        made.writestr("kept/old", "from the cache")
    rig.script("cat kept/old; echo new > kept/new")
    await rig.run()
    shown = plain(rig.trace)
    assert "Checking cache for main...\n" in shown
    assert "Successfully extracted cache\n" in shown
    assert "from the cache" in shown
    with zipfile.ZipFile(Path(rig.plan.places.cache) / "main" / "cache.zip") as archive:
        assert {"kept/old", "kept/new"} <= set(archive.namelist())
    assert not (Path(rig.plan.places.cache) / "never").exists()


async def test_a_broken_cache_is_not_fatal(rig: Rig) -> None:
    rig.change(restore=(CacheRestore((key("main"),)),))
    broken = Path(rig.plan.places.cache) / "main" / "cache.zip"
    broken.parent.mkdir(parents=True)
    broken.write_text("no zip")
    await rig.run()
    assert rig.job.state == "success"
    assert "Failed to extract cache\n" in plain(rig.trace)


async def test_a_working_copy_that_is_there_is_cleaned(rig: Rig) -> None:
    make_repository(rig.project, {"hello.txt": "changed\n", "tracked": "x"})
    (rig.project / "left").write_text("over")
    (rig.project / ".git/hooks/post-checkout").write_text("#!/bin/sh\necho HOOKED\n")
    (rig.project / ".git/hooks/post-checkout").chmod(0o755)
    (rig.project / ".git/index.lock").touch()
    git(rig.project, "config", "core.fsmonitor", "echo HOOKED")
    rig.script("cat hello.txt; ls")
    await rig.run()
    shown = plain(rig.trace)
    assert rig.job.state == "success", shown
    assert "\nhello\n" in shown
    assert "left" not in shown.splitlines()
    assert "HOOKED" not in shown


async def test_submodules(rig: Rig) -> None:
    make_repository(rig.root / "inner", {"in.txt": "submodule text\n"})
    rig.coordinator.git.add("acme/inner", rig.root / "inner")
    source = rig.root / "source"
    git(source, "-c", "protocol.file.allow=always", "submodule", "add", "../inner", "inner")
    text = (source / ".gitmodules").read_text().replace("url = ../inner", "url = ../inner.git")
    (source / ".gitmodules").write_text(text)
    git(source, "commit", "-qam", "second")
    sha = git(source, "rev-parse", "HEAD")
    rig.coordinator.git.set_ref("acme/demo", "refs/heads/main", sha)
    rig.change_part("sources", sha=sha, submodules="recursive")
    rig.script("cat inner/in.txt")
    await rig.run()
    assert "submodule text\n" in rig.trace, rig.trace


async def test_no_sources(rig: Rig) -> None:
    rig.change_part("sources", strategy="none")
    rig.script("pwd; ls -A | wc -l")
    await rig.run()
    shown = plain(rig.trace)
    assert "Skipping Git repository setup\n" in shown
    assert f"{rig.project}\n0\n" in shown


async def test_hooks_around_the_sources(rig: Rig) -> None:
    rig.change_part("sources", pre_script=("echo before",), post_script=("cat hello.txt; exit 6",))
    await rig.run()
    shown = plain(rig.trace)
    assert "\nbefore\n" in shown
    assert shown.index("\nbefore\n") < shown.index("Checking out") < shown.index("\nhello\n")
    assert rig.job.exit_code == 6


async def test_the_job_s_own_git_settings_hold(rig: Rig) -> None:
    rig.change(
        variables=(
            *rig.plan.variables,
            EnvVariable("GIT_CONFIG_COUNT", "1"),
            EnvVariable("GIT_CONFIG_KEY_0", "user.name"),
            EnvVariable("GIT_CONFIG_VALUE_0", "Somebody"),
        )
    )
    rig.script("git config user.name", "git fetch -q origin main && echo fetched")
    await rig.run()
    assert "\nSomebody\n" in plain(rig.trace)
    assert "\nfetched\n" in plain(rig.trace)


async def test_a_service_that_answers(rig: Rig) -> None:
    rig.change(services=(ServiceCheck("gitlab", "gitlab:1", (rig.coordinator.port,), 5),))
    rig.service_started("gitlab")
    await rig.run()
    assert "WARNING" not in rig.trace


async def test_artifacts_that_cannot_be_unpacked_fail_the_job_with_a_sentence(rig: Rig) -> None:
    other = rig.coordinator.enqueue()
    path = rig.root / "other.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("../../escaped", "x")
    other.artifacts["archive"] = path
    other.artifact_names["archive"] = "artifacts.zip"
    other.enter("success")
    rig.change(downloads=(Download(other.id, "other", Token(rig.job.token), "artifacts.zip"),))
    await rig.run()
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "script_failure")
    assert "the artifacts of other were refused: the entry '../../escaped'" in plain(rig.trace)
    assert not list(rig.root.rglob("escaped"))


async def test_a_working_copy_that_cannot_be_made(rig: Rig) -> None:
    Path(rig.plan.places.builds).write_text("a file where the folder should be")
    rig.change(uploads=(Upload("x", ("out/",), untracked=True, when="always"),))
    await rig.start()
    await rig.end(loop_ends=False)
    assert (rig.job.state, rig.job.failure_reason) == ("failed", "runner_system_failure")
    assert "the working copy cannot be written" in plain(rig.trace)
    assert rig.errors == b""
