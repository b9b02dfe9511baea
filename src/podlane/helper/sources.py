"""The working copy: git init, fetch, checkout, submodules, LFS, and the hooks around them.

The job token reaches git by its environment alone: a credential helper that reads a variable. So
it stands on no command line and in no file, and `git fetch` in a user's script works as well.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from podlane.core.job.outcome import FailureReason, failed
from podlane.core.plan import step
from podlane.core.plan.model import JobPlan, Sources
from podlane.helper import processes
from podlane.helper.work import StageFailed, Work

_HELPER = (
    '!f() { test "$1" = get || return 0; '
    'echo "username=gitlab-ci-token"; echo "password=$CI_JOB_TOKEN"; }; f'
)
_TLS_FILES = {
    "CI_SERVER_TLS_CA_FILE": "sslCAInfo",
    "CI_SERVER_TLS_CERT_FILE": "sslCert",
    "CI_SERVER_TLS_KEY_FILE": "sslKey",
}
_LONGEST_VALUE = 30_000  # a program can be given 128 KiB a value, and only so much in all
_LEFTOVERS = ("index.lock", "shallow.lock", "HEAD.lock", "config.lock", "hooks", "config")


def git_environment(plan: JobPlan) -> dict[str, str]:
    """Configuration of git by environment: whose token where, and that this folder is ours.

    The job's own GIT_CONFIG_* variables keep their places; ours follow them.
    """
    job = step.environment(plan)
    given = job.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
    settings = _settings(plan, job)
    found = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings, first):
        found[f"GIT_CONFIG_KEY_{number}"] = key
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def _settings(plan: JobPlan, job: dict[str, str]) -> list[tuple[str, str]]:
    parts = urlsplit(plan.sources.url)
    server = f"{parts.scheme}://{parts.netloc}"
    settings = [("safe.directory", "*")]
    if parts.scheme in ("http", "https"):
        settings += [
            (f"credential.{server}.helper", ""),
            (f"credential.{server}.helper", _HELPER),
            (f"credential.{server}.useHttpPath", "false"),
        ]
    if plan.sources.submodule_force_https:
        host = parts.hostname or ""
        settings += [
            (f"url.{server}/.insteadOf", f"git@{host}:"),
            (f"url.{server}/.insteadOf", f"ssh://git@{host}/"),
        ]
    files = {variable.key for variable in step.files(plan)}
    settings += [
        (f"http.{server}.{name}", job[key]) for key, name in _TLS_FILES.items() if key in files
    ]
    return settings


def run(work: Work) -> None:
    """Bring the working copy to the job's commit, in as many attempts as the job asks for."""
    plan, sources = work.plan, work.plan.sources
    with work.trace.section("get_sources", "Getting source from Git repository"):
        for attempt in range(1, sources.attempts + 1):
            try:
                _get(work, plan, sources)
            except OSError as error:
                raise StageFailed(
                    failed(FailureReason.RUNNER_SYSTEM_FAILURE),
                    f"the working copy cannot be written: {error}",
                    "may the helper's user write to `builds_dir`, and is there room on its disk?",
                ) from error
            except StageFailed as failure:
                if attempt == sources.attempts or work.reporter.is_canceling:
                    raise
                work.trace.warning(f"{failure.message}; trying again")
                _remove(Path(plan.places.project))
            else:
                return


def _get(work: Work, plan: JobPlan, sources: Sources) -> None:
    project = Path(plan.places.project)
    if sources.strategy in ("none", "empty"):
        _without_git(work, sources, project)
        return
    env = _environment(plan, sources)
    _hook(work, Path(plan.places.builds), sources.pre_script, env)
    if sources.strategy == "clone" and project.exists():
        _remove(project)
    project.mkdir(parents=True, exist_ok=True)
    _fetch(work, sources, project, env)
    if sources.with_checkout:
        _checkout(work, sources, project, env)
        _submodules(work, sources, project, env)
    else:
        work.trace.info("Skipping Git checkout")
    _hook(work, project, sources.post_script, env)


def _without_git(work: Work, sources: Sources, project: Path) -> None:
    if sources.strategy == "empty":
        work.trace.info("Skipping Git repository setup and creating an empty build directory")
        _remove(project)
    else:
        work.trace.info("Skipping Git repository setup")
    project.mkdir(parents=True, exist_ok=True)
    work.trace.info("Skipping Git checkout")
    work.trace.info("Skipping Git submodules setup")


def _environment(plan: JobPlan, sources: Sources) -> dict[str, str]:
    own = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    fixed = {"GIT_TERMINAL_PROMPT": "0", "GCM_INTERACTIVE": "Never", "GIT_LFS_SKIP_SMUDGE": "1"}
    whole = step.environment(plan)
    job = {key: value for key, value in whole.items() if len(value) < _LONGEST_VALUE}
    skips = (
        {"GIT_LFS_SKIP_SMUDGE": job["GIT_LFS_SKIP_SMUDGE"]} if "GIT_LFS_SKIP_SMUDGE" in job else {}
    )
    token = {"CI_JOB_TOKEN": plan.gitlab.token.reveal()}
    return job | own | fixed | skips | git_environment(plan) | token


def _fetch(work: Work, sources: Sources, project: Path, env: dict[str, str]) -> None:
    if sources.depth:
        work.trace.info(f"Fetching changes with git depth set to {sources.depth}...")
    else:
        work.trace.info("Fetching changes...")
    is_fresh = not (project / ".git").exists()
    _remove_leftovers(project)  # with its config: nothing of an earlier job's is obeyed
    template = project.with_name(project.name + ".tmp") / "git-template"
    template.mkdir(parents=True, exist_ok=True)
    form = ["--object-format", sources.object_format] if sources.object_format != "sha1" else []
    _git(
        work,
        project,
        env,
        ["-c", "init.defaultBranch=none", "init", f"--template={template}", *form],
    )
    _git(work, project, env, ["remote", "add", "origin", sources.url])
    if is_fresh:
        work.trace.info("Created fresh repository.")
    depth = ["--depth", str(sources.depth)] if sources.depth else []
    if not depth and (project / ".git/shallow").exists():
        depth = ["--unshallow"]
    words = ["-c", "gc.autoDetach=false", "fetch", "--no-recurse-submodules", *depth]
    words += [*sources.fetch_flags, "origin", *sources.refspecs]
    what = f"could not fetch {' '.join(sources.refspecs) or sources.ref} from {sources.url}"
    hint = "was the branch, tag or merge request deleted after the pipeline began?"
    _git(work, project, env, words, _Words(what, hint))


def _checkout(work: Work, sources: Sources, project: Path, env: dict[str, str]) -> None:
    short = sources.sha[:8]
    work.trace.info(f"Checking out {short} as detached HEAD (ref is {sources.ref})...")
    what = f"the commit {sources.sha} of {sources.ref} is not in what was fetched"
    words = ["-c", "submodule.recurse=false", "checkout", "-f", "-q", sources.sha]
    hint = "it may have been force-pushed away, or lie deeper than GIT_DEPTH"
    _git(work, project, env, words, _Words(what, hint))
    if sources.clean_flags:
        _git(work, project, env, ["clean", *sources.clean_flags])
    if sources.with_lfs and _has_lfs(project, env):
        _git(work, project, env, ["lfs", "pull"], _Words("could not pull the LFS files"))


def _submodules(work: Work, sources: Sources, project: Path, env: dict[str, str]) -> None:
    if sources.submodules == "none":
        work.trace.info("Skipping Git submodules setup")
        return
    recursive = ["--recursive"] if sources.submodules == "recursive" else []
    depth = ["--depth", str(sources.submodule_depth)] if sources.submodule_depth else []
    paths = ["--", *sources.submodule_paths] if sources.submodule_paths else []
    how = " recursively" if recursive else ""
    work.trace.info(f"Updating/initializing submodules{how}...")
    _git(work, project, env, ["submodule", "init", *paths])
    _git(work, project, env, ["submodule", "sync", *recursive, *paths])
    words = ["submodule", "update", "--init", *recursive, *depth]
    words += [*sources.submodule_update_flags, *paths]
    _git(work, project, env, words, _Words("could not update the submodules"))
    work.trace.info("Updated submodules")


class _Words(NamedTuple):
    """What to say when git fails."""

    what: str = ""
    hint: str = ""


def _git(
    work: Work,
    project: Path,
    env: dict[str, str],
    words: list[str],
    said: _Words = _Words(),  # noqa: B008 - it cannot be changed
) -> None:
    status = processes.run(work, ["git", *words], env, project)
    if status:
        what = said.what or f"git {words[0]} failed"
        raise StageFailed(
            failed(FailureReason.SCRIPT_FAILURE, status),
            f"{what} (git's exit code is {status})",
            *([said.hint] if said.hint else []),
        )


def _has_lfs(project: Path, env: dict[str, str]) -> bool:
    """Whether git-lfs is here and the project asks for it: a start of it costs time."""
    import shutil

    if shutil.which("git-lfs", path=env.get("PATH")) is None:
        return False
    attributes = [project / ".gitattributes", project / ".git/info/attributes"]
    return any(b"filter=lfs" in path.read_bytes() for path in attributes if path.is_file())


def _hook(work: Work, folder: Path, commands: tuple[str, ...], env: dict[str, str]) -> None:
    """Run a hook of the config or the job in the helper's own container."""
    if not commands:
        return
    import shutil

    folder.mkdir(parents=True, exist_ok=True)
    text = step.render_step({}, commands, folder=str(folder))
    status = processes.run(work, [shutil.which("bash") or "sh", "-c", text], env)
    if status:
        raise StageFailed(
            failed(FailureReason.SCRIPT_FAILURE, status),
            f"a get_sources hook ended with exit code {status}",
        )


def _remove_leftovers(project: Path) -> None:
    """What an earlier job left in `.git` must neither stop us nor run."""
    git = project / ".git"
    if git.is_symlink() or git.is_file():
        git.unlink()
    for name in _LEFTOVERS:
        _remove(git / name)
    for hooks in (git / "modules").rglob("hooks"):
        _remove(hooks)
    for lock in (*(git / "refs").rglob("*.lock"), *(git / "modules").rglob("*.lock")):
        _remove(lock)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
