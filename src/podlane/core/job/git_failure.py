"""What git's last words mean: why it failed, what to do, and whether trying again can help.

The words are those of git 2.30 to 2.50, in English; what is not known here is shown as git said it.
"""

from __future__ import annotations

import re

import msgspec

from podlane.core.job.outcome import FailureReason

_SYSTEM = FailureReason.RUNNER_SYSTEM_FAILURE
_SCRIPT = FailureReason.SCRIPT_FAILURE
_LONGEST = 300
_NOISE = re.compile(r"^(hint|warning|remote: *$)|^\s*$", re.IGNORECASE)


class GitFailure(msgspec.Struct, frozen=True):
    """`is_outside`: neither the working copy nor what lies in it is to blame."""

    why: str
    hint: str = ""
    reason: FailureReason = _SCRIPT
    is_outside: bool = True


_TABLE: tuple[tuple[str, GitFailure], ...] = (
    (
        r"Cannot allocate memory|Out of memory|died of signal 9",  # before all that comes of it
        GitFailure("git ran out of memory", reason=_SYSTEM),
    ),
    (
        r"No space left on device|Disk quota exceeded",
        GitFailure(
            "the disk is full",
            "the working copy lies in `builds_dir`; make its volume larger, or fetch less "
            "(GIT_DEPTH, GIT_FETCH_EXTRA_FLAGS: --filter=blob:none)",
            _SYSTEM,
        ),
    ),
    (
        r"Read-only file system",
        GitFailure("the disk can only be read", "`builds_dir` must be writable", _SYSTEM),
    ),
    (
        r"Could not resolve host|Name or service not known|Temporary failure in name resolution",
        GitFailure(
            "the server's name cannot be resolved",
            "is the name right, and does the cluster's DNS know it? `clone_url` names another",
            _SYSTEM,
        ),
    ),
    (
        r"Failed to connect|Couldn't connect|Connection refused|Connection timed out|"
        r"Network is unreachable|No route to host|Connection reset|Empty reply from server|"
        r"Operation timed out|timed out after",
        GitFailure(
            "the server cannot be reached",
            "may the pod's network reach it? `clone_url` names another way to GitLab",
            _SYSTEM,
        ),
    ),
    (
        r"SSL certificate|certificate verif|gnutls_handshake|TLS connection|SSL_ERROR|"
        r"self.signed certificate|SSL routines",
        GitFailure(
            "the server's certificate is not trusted",
            "`tls-ca-file` of the runner names the authority that signed it",
            _SYSTEM,
        ),
    ),
    (
        r"The requested URL returned error: 429",
        GitFailure("the server takes no more requests now (429)", reason=_SYSTEM),
    ),
    (
        r"The requested URL returned error: 5\d\d|RPC failed; HTTP 5\d\d|Internal Server Error",
        GitFailure(
            "the server itself failed",
            "GET_SOURCES_ATTEMPTS: 3 tries again by itself",
            _SYSTEM,
        ),
    ),
    (
        r"HTTP Basic: Access denied|Authentication failed|could not read Username|"
        r"could not read Password|returned error: 40[13]|not allowed to (download|access)",
        GitFailure(
            "the server refused the job's token",
            "a job's token opens its own project and those that let it in: at the other project, "
            "Settings > CI/CD > Job token permissions; and the user who runs the pipeline must "
            "be allowed to read it",
        ),
    ),
    (
        r"repository '.*' not found|returned error: 404|project you were looking for could not",
        GitFailure(
            "the server knows no such project, or does not show it to this job's token",
            "is its path right? If so: at that project, Settings > CI/CD > Job token permissions",
        ),
    ),
    (
        r"couldn't find remote ref|Remote branch .* not found",
        GitFailure(
            "the server has no such ref",
            "was the branch, tag or merge request deleted after the pipeline began?",
        ),
    ),
    (
        r"not our ref|unadvertised object|did not contain [0-9a-f]{40}|Unable to find current revi",
        GitFailure(
            "the server does not give out that commit",
            "it may have been force-pushed away",
        ),
    ),
    (
        r"reference is not a tree|failed to unpack tree object|Not a valid object name",
        GitFailure(
            "it is not in what was fetched",
            "it may have been force-pushed away, or lie deeper than GIT_DEPTH",
        ),
    ),
    (
        r"the remote end hung up|early EOF|unexpected disconnect|RPC failed|transfer closed|"
        r"unexpected end of|HTTP/2 stream",
        GitFailure(
            "the connection broke",
            "GET_SOURCES_ATTEMPTS: 3 tries again by itself",
            _SYSTEM,
        ),
    ),
    (
        r"transport '.*' not allowed|protocol '.*' is not supported|cannot run ssh|"
        r"Host key verification failed|Permission denied \(publickey|Could not read from remote",
        GitFailure(
            "the URL cannot be reached in that way from a job",
            "GIT_SUBMODULE_FORCE_HTTPS: true reads submodules over https with the job's token; "
            "relative URLs in .gitmodules need no setting",
        ),
    ),
    (
        r"unknown option|unknown switch|usage: git|invalid filter-spec|is not an integer",
        GitFailure(
            "git does not know one of the flags",
            "look at GIT_FETCH_EXTRA_FLAGS, GIT_CLONE_EXTRA_FLAGS, GIT_CLEAN_FLAGS and "
            "GIT_SUBMODULE_UPDATE_FLAGS",
        ),
    ),
)
_KNOWN = tuple((re.compile(pattern, re.IGNORECASE), failure) for pattern, failure in _TABLE)


def explain(last: str) -> GitFailure:
    """Put git's last lines into one sentence."""
    for pattern, failure in _KNOWN:
        if pattern.search(last):
            return failure
    lines = [line.strip() for line in last.splitlines() if not _NOISE.search(line)]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    said = (fatal or lines or [""])[-1][:_LONGEST]
    return GitFailure(said, is_outside=False)
