"""Where the repository is, which servers are this job's GitLab, and which URLs lead to it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from podlane.core.job.payload import Job
from podlane.core.plan import settings
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.resolve import Ground
from podlane.core.plan.settings import read

_HOST = re.compile(r"[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]")


def repository_url(job: Job, context: RunnerContext, ground: Ground) -> str:
    """The repository's URL as the runner reaches it, without credentials."""
    url = without_credentials(job.git_info.repo_url.reveal())
    base = urlsplit(without_credentials(context.runner.clone_url))
    path = ground.reader.get("CI_PROJECT_PATH") or job.job_info.project_full_path
    if not base.scheme or not path:
        return url
    return urlunsplit((base.scheme, base.netloc, f"{base.path.rstrip('/')}/{path}.git", "", ""))


def servers(job: Job, context: RunnerContext, ground: Ground) -> tuple[str, ...]:
    """The servers beside the repository's own that are the same GitLab, as GitLab names them."""
    own = server_of(repository_url(job, context, ground))
    return tuple(one for one in _known_servers(job, ground) if one != own)


def rewrites(job: Job, context: RunnerContext, ground: Ground) -> tuple[tuple[str, str], ...]:
    """What submodules may call this GitLab, and what is to be read instead.

    With a `clone_url` every URL of the server leads there. With GIT_SUBMODULE_FORCE_HTTPS the
    ssh forms do too, at ssh's own host and port.
    """
    base = _base(job, context, ground)
    if not base.startswith(("http://", "https://")):
        return ()
    found = []
    if context.runner.clone_url:
        found += [(f"{one}/", base) for one in _known_servers(job, ground)]
    if read(settings.GIT_SUBMODULE_FORCE_HTTPS, ground.reader):
        found += [(form, base) for form in _ssh_forms(job, context, ground)]
    return tuple(dict.fromkeys(pair for pair in found if pair[0] != base))


def server_of(url: str) -> str:
    """`https://host:port`, or "" when the URL is no http one, or none at all."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else ""


def without_credentials(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _base(job: Job, context: RunnerContext, ground: Ground) -> str:
    """What the URL of every project at this GitLab begins with, up to its path."""
    clone_url = without_credentials(context.runner.clone_url)
    if clone_url:
        return f"{clone_url.rstrip('/')}/"
    url = repository_url(job, context, ground)
    path = ground.reader.get("CI_PROJECT_PATH") or job.job_info.project_full_path
    end = f"{path}.git"
    return url.removesuffix(end) if path and url.endswith(f"/{end}") else f"{server_of(url)}/"


def _known_servers(job: Job, ground: Ground) -> tuple[str, ...]:
    """Only GitLab's own word counts: a job's own CI_SERVER_URL may name any server."""
    repository = without_credentials(job.git_info.repo_url.reveal())
    return tuple(filter(None, (server_of(repository),)))


def _ssh_forms(job: Job, context: RunnerContext, ground: Ground) -> list[str]:
    """`git@host:` and `ssh://git@host/`, with ssh's port where GitLab names one."""
    urls = (job.git_info.repo_url.reveal(), repository_url(job, context, ground))
    hosts = [urlsplit(without_credentials(url)).hostname or "" for url in urls]
    hosts += [ground.reader.get("CI_SERVER_HOST"), ground.reader.get("CI_SERVER_SHELL_SSH_HOST")]
    port = ground.reader.get("CI_SERVER_SHELL_SSH_PORT")
    ends = ["/", f":{port}/"] if port.isdigit() else ["/"]
    known = [host for host in dict.fromkeys(hosts) if _HOST.fullmatch(host)]
    return [
        form
        for host in known
        for form in (f"git@{host}:", *(f"ssh://git@{host}{end}" for end in ends))
    ]
