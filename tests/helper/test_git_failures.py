"""When git cannot: what the job's author reads, which reason GitLab gets, and how soon."""

from __future__ import annotations

import time

import pytest

from helper.rig import Rig, git
from helper.test_job import plain
from helper.test_sources import again
from podlane.core.plan.model import EnvVariable
from podlane.core.text.token import Token
from podlane.local.coordinator import Fault


def end(rig: Rig) -> str:
    """The log from its error on."""
    return "ERROR: " + plain(rig.trace).partition("ERROR: ")[2]


async def test_a_branch_that_is_gone(rig: Rig) -> None:
    rig.change_part("sources", refspecs=("+refs/heads/gone:refs/remotes/origin/gone",), ref="gone")
    await rig.run()
    assert rig.job.failure_reason == "script_failure"
    assert "could not fetch gone from http" in end(rig)
    assert "the server has no such ref" in end(rig)
    assert "hint: was the branch, tag or merge request deleted" in end(rig)


async def test_a_token_that_is_not_good(rig: Rig) -> None:
    others = [one for one in rig.plan.variables if one.key != "CI_JOB_TOKEN"]
    rig.change(variables=(*others, EnvVariable("CI_JOB_TOKEN", "wrong")))
    rig.coordinator.faults.add(Fault("git", status=403, times=9))
    await rig.run()
    assert rig.job.failure_reason == "script_failure"
    assert "the server refused the job's token" in end(rig)
    assert "Job token permissions" in end(rig)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/acme/demo.git", "the server cannot be reached"),
        ("http://no-such-host.invalid/acme/demo.git", "the server's name cannot be resolved"),
    ],
)
async def test_a_server_out_of_reach(rig: Rig, url: str, why: str) -> None:
    rig.change_part("sources", url=url)
    await rig.run()
    assert rig.job.failure_reason == "runner_system_failure"  # `retry` may mend it
    assert why in end(rig)
    assert "hint:" in end(rig)


async def test_a_server_that_fails_keeps_what_was_there(rig: Rig) -> None:
    await rig.run()
    rig.coordinator.faults.add(Fault("git", status=500, times=9))
    await again(rig, "true")
    assert rig.job.failure_reason == "runner_system_failure"
    assert "the server itself failed" in end(rig)
    assert "made anew" not in rig.trace
    rig.coordinator.faults.clear()
    assert "Created fresh repository." not in await again(rig, "true")


async def test_a_server_that_hangs(rig: Rig) -> None:
    rig.coordinator.faults.add(Fault("git", kind="slow", seconds=30))
    rig.change_part("sources", timeout=1.0, attempts=3)
    before = time.monotonic()
    await rig.run()
    assert time.monotonic() - before < 15
    assert rig.job.failure_reason == "job_execution_timeout"
    assert "get sources timeout: exceeded timeout of 1s" in end(rig)
    assert "Retrying" not in rig.trace


async def test_the_job_s_own_time_holds_while_git_waits(rig: Rig) -> None:
    rig.coordinator.faults.add(Fault("git", kind="slow", seconds=30))
    rig.change_part("limits", job=2.0)
    await rig.run()
    assert rig.job.failure_reason == "job_execution_timeout"


async def test_a_cancel_ends_the_pause_between_attempts(rig: Rig) -> None:
    rig.coordinator.faults.add(Fault("git", status=500, times=99))
    rig.change_part("sources", attempts=9)
    await rig.start()
    await rig.until_trace("Retrying...")
    rig.coordinator.cancel(rig.job.id)
    before = time.monotonic()
    await rig.end(loop_ends=False)
    assert time.monotonic() - before < 4.5
    assert rig.job.state == "canceled"


async def test_a_flag_that_git_does_not_know(rig: Rig) -> None:
    rig.change_part("sources", fetch_flags=("--no-such-flag",))
    await rig.run()
    assert "git does not know one of the flags" in end(rig)
    assert "GIT_FETCH_EXTRA_FLAGS" in end(rig)


@pytest.mark.parametrize("clean", ["-ffdx; touch $HOME/ran", "$(touch ran)", "--exclude=a'b\"c"])
async def test_flags_are_words_and_never_shell(rig: Rig, clean: str) -> None:
    rig.change_part("sources", clean_flags=tuple(clean.split()))
    rig.script("test ! -e ran")
    await rig.run()
    assert not (rig.pod / "spool/home/ran").exists()


@pytest.mark.parametrize(
    "name",
    ["-x", "--upload-pack=touch-ran", "a/b-$(id)", "feature/ünï-☃", "x" * 200, "a'b\"c;d", "@"],
)
async def test_hostile_branch_names(rig: Rig, name: str) -> None:
    rig.coordinator.git.set_ref("acme/demo", f"refs/heads/{name}", rig.sha)
    spec = f"+refs/heads/{name}:refs/remotes/origin/{name}"
    rig.change_part("sources", ref=name, refspecs=(spec,))
    rig.script("cat hello.txt", "git for-each-ref --format='%(refname)'")
    await rig.run()
    assert rig.job.state == "success", plain(rig.trace)
    assert f"(ref is {name})" in plain(rig.trace)
    rig.change_part("sources", with_native_clone=True, strategy="clone")
    assert "\nhello\n" in await again(rig, "cat hello.txt")


async def test_no_token_in_any_word_of_a_failure(rig: Rig) -> None:
    rig.change_part("trace", masks=(Token("something-else"),))  # nothing hides it
    rig.change_part("sources", url=f"{rig.coordinator.url}/acme/none.git")
    await rig.run()
    assert "knows no such project" in end(rig)
    assert rig.job.token not in rig.trace


async def test_a_symlink_out_of_the_project_is_a_symlink(rig: Rig) -> None:
    source = rig.root / "source"
    (source / "out").symlink_to("/etc")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "link")
    sha = git(source, "rev-parse", "HEAD")
    rig.coordinator.git.set_ref("acme/demo", "refs/heads/main", sha)
    rig.change_part("sources", sha=sha)
    rig.script("readlink out")
    await rig.run()
    assert "\n/etc\n" in plain(rig.trace)
    assert "\n/etc\n" in await again(rig, "readlink out")
