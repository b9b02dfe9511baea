"""The working tree as a commit, and what git knows, in real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from podlane.errors import ConfigError
from podlane.local.pipeline import project, snapshot
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.project import Ask
from podlane.local.pipeline.snapshot import Snapshot

FILE = ".gitlab-ci.yml"
PUSH = Ask()


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@x.test"]
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main", ".")
    for name in (FILE, "a", ".gitignore"):
        (folder / name).write_text("ignored\n" if name == ".gitignore" else "1\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "First\n\nwith words")
    return folder


def read(start: Path, ask: Ask = PUSH) -> tuple[Snapshot, Facts, tuple[str, ...]]:
    source = snapshot.find_source(start, FILE)
    taken = snapshot.take(source, (source.top or source.folder).parent / f"bare-{ask.source}.git")
    facts, notes = project.find_facts(source, taken, ask)
    return taken, facts, notes


def test_a_clean_tree_is_its_own_commit(work: Path) -> None:
    taken, facts, notes = read(work)
    assert taken.sha == git(work, "rev-parse", "HEAD")
    assert not taken.is_dirty
    assert notes == ()
    assert (facts.ref, facts.message.strip()) == ("main", "First\n\nwith words")
    assert facts.author == "Ann <ann@x.test>"
    assert facts.is_protected
    assert facts.project_path == "local/work"


def test_work_not_committed_is_in_it_and_the_repository_is_not_touched(work: Path) -> None:
    (work / "a").write_text("2\n")
    (work / "new").write_text("n\n")
    (work / "ignored").write_text("i\n")
    (work / "staged").write_text("s\n")
    git(work, "add", "staged")
    before = {path: path.read_bytes() for path in (work / ".git").rglob("*") if path.is_file()}
    taken, facts, notes = read(work)
    after = {path: path.read_bytes() for path in (work / ".git").rglob("*") if path.is_file()}
    assert after == before
    assert taken.is_dirty
    assert set(facts.blobs) == {FILE, ".gitignore", "a", "new", "staged"}
    assert facts.changed == ("a", "new", "staged")
    assert facts.message.startswith("First")
    assert git(taken.bare, "rev-parse", f"{taken.sha}^") == taken.head
    assert "3 files" in notes[0]


def test_it_can_be_cloned_with_the_references_of_the_pipeline(work: Path, tmp_path: Path) -> None:
    (work / "a").write_text("2\n")
    taken, facts, _ = read(work)
    snapshot.set_refs(taken, project.refs_of(facts))
    git(tmp_path, "clone", "-q", "-b", "main", taken.bare.as_uri(), "copy")
    assert (tmp_path / "copy" / "a").read_text() == "2\n"


def test_no_commit_yet_and_no_repository(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / FILE).write_text("x")
    _, facts, notes = read(empty)
    assert "no git repository" in notes[0]
    assert set(facts.blobs) == {FILE}
    git(empty, "init", "-q", "-b", "trunk", ".")
    _, facts, notes = read(empty, Ask(source="web"))
    assert "no commit yet" in notes[0]
    assert (facts.ref, facts.changed) == ("trunk", None)


def test_a_folder_with_its_own_file_is_a_project_of_its_own(work: Path) -> None:
    (work / "sub" / "deep").mkdir(parents=True)
    (work / "sub" / FILE).write_text("x")
    (work / "sub" / "deep" / "b").write_text("x")
    _, facts, notes = read(work / "sub" / "deep")
    assert set(facts.blobs) == {FILE, "deep/b"}
    assert any("project of its own" in note for note in notes)


def test_from_a_folder_below_the_project_is_found(work: Path) -> None:
    (work / "sub").mkdir()
    assert snapshot.find_source(work / "sub", FILE).folder == work


def test_changes_of_a_branch_and_of_a_merge_request(work: Path) -> None:
    git(work, "checkout", "-qb", "feature")
    for name in ("b", "c"):
        (work / name).write_text("1\n")
        git(work, "add", "-A")
        git(work, "commit", "-qm", name)
    _, facts, _ = read(work)
    assert facts.changed == ("b", "c")
    assert not facts.is_protected
    _, facts, _ = read(work, Ask(source="merge_request_event"))
    assert facts.merge_request is not None
    assert (facts.merge_request.target_branch, facts.changed) == ("main", ("b", "c"))
    _, facts, _ = read(work, Ask(source="schedule"))
    assert facts.changed is None


def test_tags(work: Path) -> None:
    with pytest.raises(ConfigError, match="no tag"):
        read(work, Ask(source="tag"))
    git(work, "tag", "-a", "v1", "-m", "notes")
    _, facts, _ = read(work, Ask(source="tag", config_path=FILE))
    assert (facts.ref, facts.is_tag, facts.source) == ("v1", True, "push")
    assert "notes" in facts.tag_message


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("git@gitlab.test:acme/team/demo.git", "acme/team/demo"),
        ("https://u:p@gitlab.test/acme/demo", "acme/demo"),
        ("ssh://git@gitlab.test:22/acme/demo.git", "acme/demo"),
        ("/srv/x/y.git", "local/work"),
        ("https://x.test/a/b;rm -rf", "local/work"),
    ],
)
def test_project_path(work: Path, url: str, path: str) -> None:
    git(work, "remote", "add", "origin", url)
    assert read(work)[1].project_path == path


def test_changes_since_a_named_reference(work: Path) -> None:
    git(work, "checkout", "-qb", "feature")
    (work / "b").write_text("1\n")
    source = snapshot.find_source(work, FILE)
    taken = snapshot.take(source, work.parent / "bare.git")
    assert project.compare(source, taken, ["refs/heads/main", "gone"]) == {
        "refs/heads/main": ("b",)
    }
