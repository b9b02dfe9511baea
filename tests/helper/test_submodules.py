"""Submodules: from second projects of a real git server, fresh and on a volume that stays."""

from __future__ import annotations

import shutil

import pytest

from helper.rig import Rig, git
from helper.test_job import plain
from helper.test_leftovers import make_submodule
from helper.test_sources import again, commit

SHOW = "cat lib/lib.txt; cat lib/deep/deep.txt || echo no-deep"


async def test_recursive(rig: Rig) -> None:
    make_submodule(rig)
    rig.script(SHOW, "git -C lib fetch -q origin && echo fetched-lib", "git -C lib/deep status")
    await rig.run()
    shown = plain(rig.trace)
    assert "\nlib\ndeep\n" in shown, shown
    assert "\nfetched-lib\n" in shown
    assert "Updating/initializing submodules recursively with git depth set to 1..." in shown
    assert "Updated submodules\n" in shown


async def test_normal_does_not_go_deeper(rig: Rig) -> None:
    make_submodule(rig)
    rig.change_part("sources", submodules="normal")
    rig.script(SHOW)
    await rig.run()
    assert "\nlib\n" in plain(rig.trace)
    assert "\nno-deep\n" in plain(rig.trace)


async def test_paths_leave_others_out(rig: Rig) -> None:
    make_submodule(rig)
    rig.change_part("sources", submodule_paths=(":(exclude)lib",))
    rig.script("ls lib | wc -l")
    await rig.run()
    assert "\n0\n" in plain(rig.trace), rig.trace


@pytest.mark.parametrize("what", ["left alone", "cleaned"])
async def test_a_second_job_cleans_and_fetches_nothing(rig: Rig, what: str) -> None:
    make_submodule(rig)
    rig.change_part("sources", clean_flags=("-ffdx",) if what == "cleaned" else ())
    rig.script("touch lib/new lib/deep/new; echo changed > lib/lib.txt; echo x > lib/deep/deep.txt")
    await rig.run()
    rig.coordinator.git.asked.clear()
    shown = await again(rig, SHOW, "ls lib lib/deep", "git -C lib status --porcelain")
    assert "\nlib\ndeep\n" in shown, shown
    assert shown.count("\nnew\n") == (0 if what == "cleaned" else 2)
    others = [one for one in rig.coordinator.git.asked if one.project != "acme/demo"]
    assert not others
    assert "failed" not in shown
    assert "rror" not in shown


async def test_a_new_commit_of_a_submodule_comes_by_itself(rig: Rig) -> None:
    make_submodule(rig)
    await rig.run()
    deep = rig.root / "deep"
    (deep / "deep.txt").write_text("deeper\n")
    git(deep, "commit", "-qam", "deeper")
    sha = git(deep, "rev-parse", "HEAD")
    lib = rig.root / "lib"
    git(lib, "update-index", "--cacheinfo", f"160000,{sha},deep")
    git(lib, "commit", "-qm", "deeper")
    server = rig.coordinator.git
    server.set_ref("acme/deep", "refs/heads/main", sha)
    server.set_ref("acme/lib", "refs/heads/main", git(lib, "rev-parse", "HEAD"))
    source = rig.root / "source"
    git(source, "update-index", "--cacheinfo", f"160000,{git(lib, 'rev-parse', 'HEAD')},lib")
    git(source, "commit", "-qm", "deeper")
    rig.change_part("sources", sha=git(source, "rev-parse", "HEAD"))
    server.set_ref("acme/demo", "refs/heads/main", rig.plan.sources.sha)
    shown = await again(rig, SHOW)
    assert "\nlib\ndeeper\n" in shown
    assert "Retrying" not in shown


LEFT = {
    "config": "for d in lib lib/deep; do git -C $d config core.fsmonitor {evil}; done",
    "hooks": "for d in .git/modules/lib .git/modules/lib/modules/deep; do mkdir -p $d/hooks; "
    "cp {evil} $d/hooks/post-checkout; done",
    "locks": "touch .git/modules/lib/index.lock .git/modules/lib/config.lock "
    ".git/modules/lib/modules/deep/HEAD.lock",
    "a repository in its place": "rm -rf lib && git init -q lib && "
    "git -C lib config core.fsmonitor {evil}",
    "a symlink in its place": "rm -rf lib && mkdir ../out && ln -s ../out lib",
    "a symlink for its repository": "mv .git/modules/lib ../moved && "
    "ln -s ../../../moved .git/modules/lib && git -C lib config core.fsmonitor {evil}",
    "a pipe for its pack": "rm -rf .git/modules/lib/objects/pack; mkfifo "
    ".git/modules/lib/objects/pack",
    "no objects": "rm -rf .git/modules/lib/objects/*",
    "another url": "git -C lib config remote.origin.url http://127.0.0.1:1/x.git; "
    "git config submodule.lib.url http://127.0.0.1:1/x.git",
    "a bad HEAD": "echo nonsense > .git/modules/lib/HEAD",
}


@pytest.mark.parametrize("what", LEFT)
async def test_nothing_left_in_a_submodule_runs_or_breaks(rig: Rig, what: str) -> None:
    mark, evil = rig.root / "it-ran", rig.root / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {mark}\nexit 1\n")
    evil.chmod(0o755)
    make_submodule(rig)
    rig.script(*LEFT[what].format(evil=evil).split(" && "), "echo spoilt-it")
    await rig.run()
    assert "\nspoilt-it\n" in plain(rig.trace), rig.trace
    mark.unlink(missing_ok=True)
    shown = await again(rig, SHOW, "git -C lib status --porcelain", "git status --porcelain")
    assert rig.job.state == "success", shown
    assert "\nlib\ndeep\n" in shown
    assert not mark.exists(), "what was left has run"


async def test_a_job_without_submodules_finds_none(rig: Rig) -> None:
    mark, evil = rig.root / "it-ran", rig.root / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {mark}\nexit 1\n")
    evil.chmod(0o755)
    make_submodule(rig)
    rig.script(f"git -C lib config core.fsmonitor {evil}")
    await rig.run()
    mark.unlink(missing_ok=True)
    rig.change_part("sources", submodules="none")
    shown = await again(rig, "git status --porcelain", "git submodule status")
    assert rig.job.state == "success", shown
    assert "Skipping Git submodules setup\n" in shown
    assert not mark.exists()


@pytest.mark.parametrize("form", ["git@gitlab.test:", "ssh://git@gitlab.test/", "same host"])
async def test_urls_are_read_over_http_with_the_token(rig: Rig, form: str) -> None:
    base = f"{rig.coordinator.url}/"
    begin = base if form == "same host" else form
    make_submodule(rig, f"{begin}acme/lib.git")
    rewrites = () if form == "same host" else ((form, base),)
    rig.change_part("sources", rewrites=rewrites)
    rig.script(SHOW, "git -C lib fetch -q && echo fetched-lib")
    await rig.run()
    shown = plain(rig.trace)
    assert "\nlib\ndeep\n" in shown
    assert "\nfetched-lib\n" in shown


async def test_a_project_that_does_not_let_the_token_in(rig: Rig) -> None:
    make_submodule(rig)
    rig.coordinator.git.hidden.add("acme/lib")
    await rig.run()
    shown = plain(rig.trace)
    assert rig.job.state == "failed"
    assert "Updating submodules failed. Retrying..." in shown
    assert "could not update the submodules: the server knows no such project" in shown
    assert "Job token permissions" in shown


async def test_the_tip_of_a_branch(rig: Rig) -> None:
    make_submodule(rig)
    lib = rig.root / "lib"
    (lib / "lib.txt").write_text("tip\n")
    git(lib, "commit", "-qam", "tip")
    rig.coordinator.git.set_ref("acme/lib", "refs/heads/main", git(lib, "rev-parse", "HEAD"))
    rig.change_part("sources", submodule_update_flags=("--remote",), submodules="normal")
    rig.script("cat lib/lib.txt")
    await rig.run()
    assert "\ntip\n" in plain(rig.trace), rig.trace
    assert "\ntip\n" in await again(rig, "cat lib/lib.txt")


async def test_a_partial_clone_of_a_submodule(rig: Rig) -> None:
    make_submodule(rig)
    rig.change_part("sources", submodule_update_flags=("--filter=blob:none",))
    rig.script(SHOW)
    await rig.run()
    assert "\nlib\ndeep\n" in plain(rig.trace), rig.trace
    commit(rig, "more.txt", "more\n")
    assert "\nlib\ndeep\n" in await again(rig, SHOW)


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed here")
async def test_lfs_in_a_submodule(rig: Rig) -> None:
    make_submodule(rig)
    lib, source = rig.root / "lib", rig.root / "source"
    (lib / ".gitattributes").write_text("*.bin filter=lfs -text\n")
    (lib / "big.bin").write_text(rig.coordinator.lfs.add(b"large\n" * 1000))
    git(lib, "add", ".gitattributes", "big.bin")
    git(lib, "commit", "-qm", "big")
    sha = git(lib, "rev-parse", "HEAD")
    rig.coordinator.git.set_ref("acme/lib", "refs/heads/main", sha)
    git(source, "update-index", "--cacheinfo", f"160000,{sha},lib")
    git(source, "commit", "-qm", "big")
    rig.change_part("sources", sha=git(source, "rev-parse", "HEAD"))
    rig.coordinator.git.set_ref("acme/demo", "refs/heads/main", rig.plan.sources.sha)
    rig.script("wc -l < lib/big.bin")
    await rig.run()
    assert "\n1000\n" in plain(rig.trace), rig.trace
    assert "\n1000\n" in await again(rig, "wc -l < lib/big.bin")
