"""What git knows of the project, as Facts: branch, commit, author, what changed since when."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from podlane.errors import ConfigError
from podlane.local.pipeline import snapshot
from podlane.local.pipeline.facts import NO_SHA, Facts, MergeRequest
from podlane.local.pipeline.git import git, try_git
from podlane.local.pipeline.slug import slug
from podlane.local.pipeline.snapshot import Snapshot, Source

SOURCES = (
    "push", "merge_request_event", "schedule", "web", "api", "trigger", "pipeline",
    "parent_pipeline", "chat", "external", "webide", "tag",
)  # fmt: skip
_KNOWN_CHANGES = ("push", "merge_request_event")


class Ask(msgspec.Struct, frozen=True):
    """What the user wants of the pipeline; `source` may be `tag`, a push of a tag."""

    source: str = "push"
    base: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    config_path: str = ".gitlab-ci.yml"
    pipeline_id: int = 1
    created_at: str = ""


def find_facts(source: Source, taken: Snapshot, ask: Ask) -> tuple[Facts, tuple[str, ...]]:
    """The facts, and what to tell the user of them."""
    place = source.top
    ref, is_tag, notes = _find_ref(place, taken, ask)
    default = _default_branch(place, ref)
    is_merge = ask.source == "merge_request_event"
    base, since = _base(place, taken, ask, ref, default)
    changed = None
    if base and ask.source in _KNOWN_CHANGES and not is_tag:
        changed = _changed(source, taken, base)
    log = _log(taken)
    facts = Facts(
        project_path=_project_path(source),
        ref=ref,
        sha=taken.sha,
        source="push" if ask.source == "tag" else ask.source,
        is_tag=is_tag,
        before_sha=NO_SHA if is_tag or is_merge else base or NO_SHA,
        message=log[3],
        author=f"{log[0]} <{log[1]}>",
        timestamp=log[2],
        default_branch=default,
        blobs=snapshot.file_blobs(taken),
        changed=changed,
        changed_since=since if changed is not None else "",
        user_name=_config(place, "user.name") or log[0],
        user_email=_config(place, "user.email") or log[1],
        merge_request=MergeRequest(ref, ask.base or default, base or NO_SHA) if is_merge else None,
        variables=ask.variables,
        pipeline_id=ask.pipeline_id,
        created_at=ask.created_at,
        config_path=ask.config_path,
        object_format=taken.object_format,
        tag_message=_tag_message(place, ref) if is_tag else "",
    )
    return facts, (*_say(source, taken), *notes)


def compare(source: Source, taken: Snapshot, refs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """What changed since each reference; one that is not there is left out."""
    result = {}
    for ref in refs:
        place = source.top if taken.head else None
        found = _merge_base(place, ref.removeprefix("refs/heads/")) if place else None
        if found:
            result[ref] = _changed(source, taken, found)
    return result


def refs_of(facts: Facts) -> list[str]:
    """The references that GitLab would have for this pipeline."""
    kind = "tags" if facts.is_tag else "heads"
    refs = [f"refs/pipelines/{facts.pipeline_id}", f"refs/{kind}/{facts.ref}"]
    if facts.merge_request is not None:
        refs.append(f"refs/merge-requests/{facts.merge_request.iid}/head")
    return refs


def _say(source: Source, taken: Snapshot) -> list[str]:
    said = []
    if source.top is None:
        said.append(f"{source.folder} is no git repository: its {taken.changed_files} files are "
                    "taken as a first commit")  # fmt: skip
    elif not taken.head:
        said.append("the repository has no commit yet: its files are taken as a first commit")
    elif taken.is_dirty:
        said.append(f"{taken.changed_files} files with work not committed are part of this run")
    if source.prefix:
        said.append(
            f"{source.prefix.rstrip('/')} is a folder of the repository {source.top}: "
            "the jobs see it as a project of its own, without history"
        )
    return said


def _find_ref(place: Path | None, taken: Snapshot, ask: Ask) -> tuple[str, bool, list[str]]:
    branch = try_git(place, "symbolic-ref", "--quiet", "--short", "HEAD") if place else None
    tag = try_git(place, "describe", "--tags", "--exact-match", "HEAD") if place else None
    if ask.source == "tag" and tag is None:
        raise ConfigError(
            "no tag points at the commit that is checked out",
            hint="make one with `git tag NAME`, or choose another --source",
        )
    if tag and (ask.source == "tag" or branch is None):
        return tag, True, []
    if branch or not place:
        return branch or "main", False, []
    name = f"detached-{taken.sha[:8]}"
    return name, False, [f"no branch is checked out: the pipeline runs for the branch `{name}`"]


def _default_branch(place: Path | None, current: str) -> str:
    if place is None:
        return current
    remote = try_git(place, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    if remote:
        return remote.removeprefix("origin/")
    for name in (try_git(place, "config", "init.defaultBranch"), "main", "master"):
        if name and (
            name == current
            or try_git(place, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}")
        ):
            return name
    return current


def _base(place: Path | None, taken: Snapshot, ask: Ask, ref: str, default: str) -> tuple[str, str]:
    """The commit that changes are counted against, and its name for people."""
    if place is None or not taken.head:
        if ask.base:
            raise ConfigError(f"--base {ask.base}: there is no commit to compare with")
        return "", ""
    if ask.base or ask.source == "merge_request_event":
        wanted = ask.base or default
        found = _merge_base(place, wanted)
        if found is None and ask.base:
            raise ConfigError(f"--base {ask.base} is no commit of this repository")
        return found or "", f"where it left `{wanted}`"
    upstream = try_git(place, "rev-parse", "--verify", "--quiet", "@{upstream}^{commit}")
    if upstream and upstream != taken.sha:
        return upstream, "what was pushed last"
    if taken.sha != taken.head:
        return taken.head, "the last commit"
    if ref != default and (found := _merge_base(place, default)) and found != taken.head:
        return found, f"where it left `{default}`"
    before = try_git(place, "rev-parse", "--verify", "--quiet", "HEAD~1^{commit}")
    return before or "", "the commit before"


def _merge_base(place: Path, name: str) -> str | None:
    for candidate in (f"origin/{name}", name):
        found = try_git(place, "merge-base", candidate, "HEAD")
        if found:
            return found
    return None


def _changed(source: Source, taken: Snapshot, base: str) -> tuple[str, ...]:
    before = f"{base}:{source.prefix.rstrip('/')}" if source.prefix else base
    if source.prefix and try_git(taken.bare, "rev-parse", "--verify", "--quiet", before) is None:
        return tuple(snapshot.file_blobs(taken))
    words = ["diff", "--name-only", "--no-renames", "-z", before, f"{taken.sha}^{{tree}}"]
    return tuple(filter(None, git(taken.bare, *words).split("\0")))


def _log(taken: Snapshot) -> list[str]:
    """Author, address, time and message of the commit the user made, if there is one."""
    text = git(taken.bare, "log", "-1", "--format=%an%x00%ae%x00%cI%x00%B", taken.head or taken.sha)
    return [*(text.rstrip("\n").split("\0")), "", "", "", ""][:4]


def _tag_message(place: Path | None, tag: str) -> str:
    words = ("for-each-ref", "--format=%(contents)", f"refs/tags/{tag}")
    return (try_git(place, *words) if place else None) or ""


def _config(place: Path | None, name: str) -> str:
    return (try_git(place or Path.cwd(), "config", name)) or ""


def _project_path(source: Source) -> str:
    """The path at the remote `origin`, else `local/<folder>`; safe in paths and URLs."""
    url = try_git(source.top, "config", "remote.origin.url") if source.top else None
    path = ""
    if url and not source.prefix and not url.startswith(("/", ".", "file:")):
        found = re.fullmatch(r"(?:[^@/]+@)?[^/:]+:(?!//)(.+)", url)
        path = found.group(1) if found else urlsplit(url).path
    parts = [part for part in path.removesuffix(".git").split("/") if part]
    if len(parts) >= 2 and all(re.fullmatch(r"[\w.+-]+", part) for part in parts):
        return "/".join(parts)
    return f"local/{slug(source.folder.name) or 'project'}"
