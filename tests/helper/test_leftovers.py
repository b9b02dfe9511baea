"""What a hostile job leaves on a builds volume neither runs nor breaks the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from helper.rig import Rig, git
from helper.test_job import plain
from helper.test_sources import again, commit, fetched


@pytest.fixture
def mark(rig: Rig, tmp_path: Path) -> Path:
    """The file that a hostile command makes when it runs; `evil` is such a command."""
    path = tmp_path / "it-ran"
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {path}\nexit 1\n")
    evil.chmod(0o755)
    return path


CONFIG = {
    "fsmonitor": "git config core.fsmonitor {evil}",
    "hooks path": "mkdir h && cp {evil} h/post-checkout && git config core.hooksPath $PWD/h",
    "include": "printf '[core]\\nfsmonitor = {evil}\\n' > .git/more && "
    "git config include.path more",
    "worktree config": "git config extensions.worktreeConfig true && "
    "git config --worktree core.fsmonitor {evil}",
    "ssh": "git config core.sshCommand {evil} && git config url.ssh://x/.insteadOf http://",
    "proxy": "git config core.gitProxy {evil} && git config url.git://x/.insteadOf http://",
    "rewrite": "git config url.file:///nowhere/.insteadOf http://",
    "credentials": "git config credential.helper '!{evil}'",
    "filter": "mkdir .git/info && echo '* filter=x' > .git/info/attributes && "
    "git config filter.x.smudge {evil} && git config filter.x.clean {evil} && "
    "git config filter.x.process {evil}",
    "common dir": "mkdir -p /tmp/x-$CI_JOB_ID && echo ../../other > .git/commondir",
    "broken": "echo '[' > .git/config",
}
HOOKS = {
    name: f"mkdir -p .git/hooks && cp {{evil}} .git/hooks/{name}"
    for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change")
}
LOCKS = {
    f"lock {name}": f"mkdir -p $(dirname .git/{name}) && touch .git/{name}"
    for name in (
        "index.lock",
        "shallow.lock",
        "HEAD.lock",
        "config.lock",
        "packed-refs.lock",
        "refs/remotes/origin/main.lock",
        "objects/maintenance.lock",
    )
}
ODD = {
    "a file for .git": "mv .git ../moved && echo 'gitdir: ../moved' > .git && "
    "git config core.fsmonitor {evil}",
    "a symlink for .git": "mv .git ../moved && ln -s ../moved .git && "
    "git config core.fsmonitor {evil}",
    "an empty .git": "rm -rf .git && mkdir .git",
    "no objects": "rm -rf .git/objects && touch .git/objects",
    "alternates": "echo /nowhere > .git/objects/info/alternates",
    "objects elsewhere": "mv .git/objects ../moved && ln -s ../../moved .git/objects",
    "a pipe for packed-refs": "rm -f .git/packed-refs && mkfifo .git/packed-refs",
    "a pipe for a ref": "mkfifo .git/refs/pipe",
    "a pipe for an object": "mkdir -p .git/objects/aa && mkfifo .git/objects/aa/bb",
    "a corrupt object": "for f in $(find .git/objects -type f); do chmod 644 $f; : > $f; done",
    "a corrupt pack": "find .git/objects -name '*.pack' -o -name '*.idx' | xargs -r chmod 644; "
    "git gc -q; for f in .git/objects/pack/*; do chmod 644 $f; echo x > $f; done",
    "a bad ref": "echo 0123456789012345678901234567890123456789 > .git/refs/heads/bad",
    "a ref in the way": "git update-ref refs/remotes/origin/main/deep HEAD || "
    "{{ git update-ref -d refs/remotes/origin/main && "
    "git update-ref refs/remotes/origin/main/deep HEAD; }}",
    "a broken index": "echo nonsense > .git/index",
    "a branch of its own": "git checkout -q -b main",
    "replaced objects": "git replace HEAD $(echo evil | git -c user.name=x -c user.email=x@x "
    "commit-tree HEAD^{{tree}})",
    "grafts": "mkdir .git/info && git rev-parse HEAD > .git/info/grafts",
    "in the middle of a merge": "git rev-parse HEAD > .git/MERGE_HEAD",
    "read-only": "chmod -R a-w .",
    "project replaced": "cd .. && mv demo elsewhere && ln -s elsewhere demo",
    "parent replaced": "cd ../.. && mv acme elsewhere && ln -s elsewhere acme",
}


@pytest.mark.parametrize("what", [*CONFIG, *HOOKS, *LOCKS, *ODD])
async def test_nothing_left_runs_or_breaks_the_next_job(rig: Rig, mark: Path, what: str) -> None:
    evil = str(mark.with_name("evil"))
    line = (CONFIG | HOOKS | LOCKS | ODD)[what].format(evil=evil)
    rig.script(*line.split(" && "), "echo spoilt-it")
    await rig.run()
    assert "\nspoilt-it\n" in plain(rig.trace), rig.trace
    commit(rig, "hello.txt", "the new one\n")
    mark.unlink(missing_ok=True)
    shown = await again(rig, "cat hello.txt", "git status --porcelain", "git log --format=%s -1")
    assert rig.job.state == "success", shown
    assert "\nthe new one\n" in shown
    assert not mark.exists(), "what was left has run"


async def test_files_that_the_index_calls_unchanged(rig: Rig) -> None:
    rig.script(
        "echo evil > hello.txt && git update-index --skip-worktree hello.txt",
        "echo evil > sub/inner.txt && git update-index --assume-unchanged sub/inner.txt",
    )
    await rig.run()
    assert "\nhello\ninner\n" in await again(rig, "cat hello.txt sub/inner.txt")


async def test_a_symlink_in_the_working_copy_leads_nowhere(rig: Rig) -> None:
    rig.script("mkdir ../out && echo kept > ../out/inner.txt && rm -rf sub && ln -s ../out sub")
    await rig.run()
    await again(rig, "cat sub/inner.txt", "test ! -L sub")
    assert rig.job.state == "success", rig.trace
    assert (rig.project.parent / "out/inner.txt").read_text() == "kept\n"


async def test_refs_of_an_earlier_job_are_gone_and_its_objects_stay(rig: Rig) -> None:
    rig.script("git tag v9.9.9", "git branch mine", "git update-ref refs/remotes/origin/x HEAD")
    await rig.run()
    rig.coordinator.git.asked.clear()
    shown = await again(rig, "git for-each-ref --format='<%(refname)>'")
    assert "<refs/remotes/origin/main>" in shown
    assert shown.count("<refs/") == 1
    assert sum(size for _, size in fetched(rig)) < 250


async def test_file_variables_go_into_no_folder_of_others(rig: Rig) -> None:
    from podlane.core.plan.model import EnvVariable

    rig.script("rm -rf $PWD.tmp; mkdir ../stolen; ln -s stolen $PWD.tmp")
    await rig.run()
    rig.project.with_name("demo.tmp").unlink(missing_ok=True)
    rig.project.with_name("demo.tmp").symlink_to("stolen")
    secret = EnvVariable("SECRET_FILE", "secret", is_file=True)
    rig.change(variables=(*rig.plan.variables, secret))
    shown = await again(rig, "cat $SECRET_FILE; echo; ls -a ../stolen; test ! -L $PWD.tmp")
    assert rig.job.state == "success", shown
    assert "SECRET_FILE\n" not in shown.replace("$ cat $SECRET_FILE", "")


async def test_config_stays_where_the_administrator_wants_it(rig: Rig) -> None:
    rig.change_part("sources", cleans_config=False)
    rig.script("git config my.own kept; mkdir -p .git/hooks; touch .git/index.lock")
    await rig.run()
    commit(rig, "hello.txt", "new\n")
    shown = await again(rig, "git config my.own", "cat hello.txt")
    assert "\nkept\n" in shown
    assert "\nnew\n" in shown


def make_submodule(rig: Rig, url: str = "../lib.git") -> str:
    """A second project, `lib`, with one of its own, `deep`; both submodules. Their commit."""
    for name in ("deep", "lib"):
        source = rig.root / name
        source.mkdir()
        git(source, "init", "-q", "-b", "main")
        (source / f"{name}.txt").write_text(f"{name}\n")
        if name == "lib":
            _add(source, "../deep.git", rig.root / "deep", "deep")
        git(source, "add", "-A")
        git(source, "commit", "-q", "-m", name)
        rig.coordinator.git.add(f"acme/{name}", source)
    _add(rig.root / "source", url, rig.root / "lib", "lib")
    sha = commit(rig, "with.txt", "submodules\n")
    rig.change_part("sources", sha=sha, submodules="recursive", submodule_depth=1)
    return sha


def _add(source: Path, url: str, other: Path, name: str) -> None:
    text = f'[submodule "{name}"]\n\tpath = {name}\n\turl = {url}\n'
    (source / ".gitmodules").write_text(text)
    sha = git(other, "rev-parse", "HEAD")
    git(source, "update-index", "--add", "--cacheinfo", f"160000,{sha},{name}")
    (source / name).mkdir(exist_ok=True)
