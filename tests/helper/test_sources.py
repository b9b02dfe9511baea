"""The working copy as the helper brings it, from a real git server."""

from __future__ import annotations

import shutil

import pytest

from helper.rig import Rig, git
from helper.test_job import plain
from podlane.core.plan.model import EnvVariable
from podlane.local.coordinator import Fault


def variables(rig: Rig, **values: str) -> None:
    added = tuple(EnvVariable(key, value) for key, value in values.items())
    rig.change(variables=(*rig.plan.variables, *added))


def commit(rig: Rig, name: str, text: str) -> str:
    """Add a commit to the project and let the job ask for it."""
    source = rig.root / "source"
    (source / name).write_text(text)
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", name)
    sha = git(source, "rev-parse", "HEAD")
    rig.coordinator.git.set_ref("acme/demo", "refs/heads/main", sha)
    rig.change_part("sources", sha=sha)
    return sha


async def again(rig: Rig, *script: str) -> str:
    """Run the next job on the same builds volume and return what it logged."""
    job = rig.next_job()
    rig.script(*script)
    await rig.run()
    assert rig.job is job
    return plain(rig.trace)


def fetched(rig: Rig) -> list[tuple[int, int]]:
    """Of each fetch: how many commits the client had, and the bytes it got."""
    packs = [one for one in rig.coordinator.git.asked if one.rest == "git-upload-pack"]
    return [(one.haves, one.sent) for one in packs if b"command=fetch" in one.body]


async def test_a_second_job_fetches_only_what_is_new(rig: Rig) -> None:
    big = rig.root / "source/big.bin"
    big.write_bytes(bytes(range(256)) * 2000)
    commit(rig, "more.txt", "more\n")
    await rig.run()
    first = sum(size for _, size in fetched(rig))
    rig.coordinator.git.asked.clear()
    commit(rig, "later.txt", "later\n")
    shown = await again(rig, "cat later.txt", "git for-each-ref", "ls .git/hooks || true")
    assert "later\n" in shown
    assert "Created fresh repository." not in shown
    assert "refs/podlane" not in shown
    assert max(haves for haves, _ in fetched(rig)) >= 1
    assert sum(size for _, size in fetched(rig)) < first / 2


async def test_who_asks_and_by_what_name(rig: Rig) -> None:
    await rig.run()
    [line] = [line for line in plain(rig.trace).splitlines() if "Gitaly correlation ID" in line]
    name = line.rpartition(" ")[2]
    assert {one.correlation for one in rig.coordinator.git.asked} == {name}
    assert all(one.agent.startswith("podlane ") for one in rig.coordinator.git.asked)


async def test_no_correlation_when_it_is_switched_off(rig: Rig) -> None:
    rig.change_part("sources", with_correlation=False)
    await rig.run()
    assert "Gitaly" not in rig.trace
    assert {one.correlation for one in rig.coordinator.git.asked} == {""}


async def test_unshallow(rig: Rig) -> None:
    commit(rig, "two.txt", "two\n")
    commit(rig, "three.txt", "three\n")
    rig.change_part("sources", depth=1)
    rig.script("git rev-list --count HEAD")
    await rig.run()
    assert "\n1\n" in plain(rig.trace)
    rig.change_part("sources", depth=0)
    assert "\n3\n" in await again(rig, "git rev-list --count HEAD")


async def test_a_partial_clone_is_partial_and_stays_usable(rig: Rig) -> None:
    rig.change_part("sources", fetch_flags=("--quiet", "--filter=blob:none"))
    await rig.run()
    assert any(one.filter == "blob:none" for one in rig.coordinator.git.asked)
    sha = commit(rig, "hello.txt", "changed\n")
    rig.change_part("sources", fetch_flags=("--quiet",))
    shown = await again(rig, "cat hello.txt", f"git show {sha}~1:hello.txt")
    assert rig.job.state == "success", shown
    assert "changed\n" in shown


async def test_the_script_fetches_and_pushes_with_the_job_s_token(rig: Rig) -> None:
    rig.coordinator.git.takes_pushes = True
    push = "git push -q origin HEAD:refs/heads/pushed && echo pushed-it"
    rig.script("git fetch -q origin main", push)
    await rig.run()
    assert "\npushed-it\n" in plain(rig.trace), rig.trace
    bare = rig.coordinator.git.path("acme/demo")
    assert git(bare, "rev-parse", "refs/heads/pushed") == rig.sha


@pytest.mark.parametrize(
    "line",
    [
        "unset GIT_CONFIG_COUNT",  # an old git does not read it at all
        "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=a.b GIT_CONFIG_VALUE_0=c",
        "unset GIT_CONFIG_PARAMETERS",
    ],
)
async def test_the_script_s_own_settings_take_nothing_away(rig: Rig, line: str) -> None:
    rig.script(line, "git fetch -q origin main && echo fetched-it", "git config a.b || true")
    await rig.run()
    assert "\nfetched-it\n" in plain(rig.trace), rig.trace


async def test_a_url_with_another_user_is_not_answered(rig: Rig) -> None:
    url = rig.plan.sources.url.replace("http://", "http://somebody@")
    rig.script(f"GIT_TERMINAL_PROMPT=0 git ls-remote {url} || echo not-answered")
    await rig.run()
    assert "\nnot-answered\n" in plain(rig.trace)


async def test_tags_merge_requests_and_no_checkout(rig: Rig) -> None:
    server = rig.coordinator.git
    server.set_ref("acme/demo", "refs/merge-requests/1/head", rig.sha)
    specs = ("+refs/merge-requests/1/head:refs/merge-requests/1/head",)
    rig.change_part("sources", refspecs=specs, ref="refs/merge-requests/1/head")
    rig.script("git rev-parse refs/merge-requests/1/head")
    await rig.run()
    assert f"\n{rig.sha}\n" in plain(rig.trace)
    rig.change_part("sources", with_checkout=False, submodules="normal", strategy="clone")
    shown = await again(rig, "test ! -e hello.txt && git cat-file -t FETCH_HEAD")
    assert "Skipping Git checkout\n" in shown
    assert rig.job.state == "success", shown


@pytest.mark.parametrize("strategy", ["fetch", "clone"])
async def test_clean(rig: Rig, strategy: str) -> None:
    rig.script("mkdir -p left/deep && chmod 555 left && echo x > untracked")
    rig.change_part("sources", strategy=strategy)
    await rig.run()
    shown = await again(rig, "test ! -e untracked; test ! -e left")
    assert rig.job.state == "success", shown


async def test_clean_can_be_switched_off(rig: Rig) -> None:
    rig.script("echo kept > untracked")
    rig.change_part("sources", clean_flags=())
    await rig.run()
    assert "\nkept\n" in await again(rig, "cat untracked")


async def test_a_file_that_is_unchanged_keeps_its_time(rig: Rig) -> None:
    rig.script("touch -d '2001-01-01' hello.txt", "echo other > sub/inner.txt")
    await rig.run()
    commit(rig, "new.txt", "new\n")
    shown = await again(rig, "stat -c %y hello.txt", "cat sub/inner.txt")
    assert "2001-01-01" in shown
    assert "\ninner\n" in shown


async def test_sha256(rig: Rig) -> None:
    source = rig.root / "new-kind"
    source.mkdir()
    git(source, "init", "-q", "-b", "main", "--object-format=sha256")
    (source / "hello.txt").write_text("long ids\n")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "first")
    sha = git(source, "rev-parse", "HEAD")
    rig.coordinator.git.add("acme/new", source)
    await rig.run()  # the copy of a project that has been moved to the new format since
    url = f"{rig.coordinator.url}/acme/new.git"
    rig.change_part("sources", url=url, sha=sha, object_format="sha256", depth=0)
    shown = await again(rig, "cat hello.txt", "git rev-parse HEAD")
    assert "\nlong ids\n" in shown
    assert f"\n{sha}\n" in shown
    assert f"\n{sha}\n" in await again(rig, "git rev-parse HEAD")


async def test_attempts_begin_with_a_clear_worktree(rig: Rig) -> None:
    rig.coordinator.faults.add(Fault("git", status=503, times=1))
    rig.change_part("sources", attempts=2, backs_off=False)
    rig.change_part("sources", pre_script=("pwd; ls acme/demo; touch acme/demo/mark",))
    await rig.run(timeout=30)
    shown = plain(rig.trace)
    assert rig.job.state == "success", shown
    assert "the server itself failed" in shown
    assert "Retrying..." in shown
    assert "\nmark\n" not in shown


async def test_native_clone(rig: Rig) -> None:
    rig.change_part(
        "sources", with_native_clone=True, strategy="clone", clone_flags=("--filter=blob:none",)
    )
    rig.script("cat hello.txt", "git config remote.origin.partialclonefilter")
    await rig.run()
    shown = plain(rig.trace)
    assert "\nhello\n" in shown
    assert "\nblob:none\n" in shown


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed here")
async def test_lfs(rig: Rig) -> None:
    pointer = rig.coordinator.lfs.add(b"large\n" * 1000)
    (rig.root / "source/.gitattributes").write_text("sub/*.bin filter=lfs diff=lfs -text\n")
    commit(rig, "sub/big.bin", pointer)
    rig.script("wc -l < sub/big.bin")
    await rig.run()
    assert "\n1000\n" in plain(rig.trace)
    rig.change_part("sources", with_lfs=False)
    assert "\n3\n" in await again(rig, "wc -l < sub/big.bin")


async def test_job_cleanup(rig: Rig) -> None:
    rig.change_part("sources", cleans_up=True)
    rig.script("echo x > untracked; echo y > hello.txt")
    await rig.run()
    assert not (rig.project / "untracked").exists()
    assert (rig.project / "hello.txt").read_text() == "hello\n"
    rig.change_part("sources", strategy="clone")
    await again(rig, "true")
    assert list(rig.project.iterdir()) == []


async def test_token_is_on_no_command_line(rig: Rig) -> None:
    """git tells of every program that it starts, with its words."""
    rig.change_part("trace", masks=())
    variables(rig, GIT_TRACE="1")
    rig.script("git fetch -q origin main", "git ls-remote -q origin")
    await rig.run()
    shown = plain(rig.trace)
    assert shown.count("git-remote-http origin") >= 3
    assert rig.job.token not in shown
