"""git's configuration by environment: whose token where, which URLs, whose folders.

Nothing of it is in a file, so nothing stays in the working copy. `GIT_CONFIG_COUNT` is what git
2.31 and newer read; an older git, and a script that sets a count of its own, still have
`GIT_CONFIG_PARAMETERS`, by which git hands on the `-c` options of its command line.
"""

from __future__ import annotations

from podlane.core.plan import step
from podlane.core.plan.git_urls import server_of
from podlane.core.plan.model import JobPlan

Settings = list[tuple[str, str]]

# Reads the variable when it is asked. A URL that names another user is that user's business.
_CREDENTIAL_HELPER = (
    '!f() { test "$1" = get || return 0; '
    'while IFS= read -r line; do case "$line" in '
    "username=gitlab-ci-token) ;; username=?*) return 0 ;; esac; done; "
    'echo "username=gitlab-ci-token"; echo "password=$CI_JOB_TOKEN"; }; f'
)
_TLS_FILES = {
    "CI_SERVER_TLS_CA_FILE": "sslCAInfo",
    "CI_SERVER_TLS_CERT_FILE": "sslCert",
    "CI_SERVER_TLS_KEY_FILE": "sslKey",
}
_HELPER_ONLY = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("credential.interactive", "never"),
    ("fetch.recurseSubmodules", "false"),
    ("submodule.recurse", "false"),
    ("gc.autoDetach", "false"),
    ("init.defaultBranch", "none"),
    ("init.templateDir", ""),
    ("advice.detachedHead", "false"),
]


def script_environment(plan: JobPlan) -> dict[str, str]:
    """For git in the user's own scripts: it can fetch and push as the job."""
    job, found = step.environment(plan), settings(plan)
    words = [quoted(f"{key}={value}") for key, value in found]
    given = job.get("GIT_CONFIG_PARAMETERS", "")
    parameters = " ".join([*words, *([given] if given else [])])
    return counted(found, job) | {"GIT_CONFIG_PARAMETERS": parameters}


def helper_environment(plan: JobPlan, agent: str, correlation: str) -> dict[str, str]:
    """For the helper's own git. `correlation`: what Gitaly's log will know the job by, or ""."""
    sources = plan.sources
    found = [*_HELPER_ONLY, *settings(plan), ("http.userAgent", agent)]
    if plan.ca_bundle is not None:  # for submodules and LFS of other servers
        found.append(("http.sslCAInfo", plan.ca_bundle.path))
    for server in _servers(plan):
        if correlation:
            header = f"X-Gitaly-Correlation-ID: {correlation}"
            found.append((f"http.{server}.extraHeader", header))
        if sources.with_proactive_auth:
            found.append((f"http.{server}.proactiveAuth", "basic"))
    if sources.with_bundles:
        found.append(("transfer.bundleURI", "true"))
    return counted(found, step.environment(plan))


def settings(plan: JobPlan) -> Settings:
    """What holds for the helper's git and the scripts' alike."""
    job = step.environment(plan)
    files = {variable.key for variable in step.files(plan)}
    found = [("safe.directory", "*")] if plan.sources.trusts_folders else []
    for server in _servers(plan):
        found += [
            (f"credential.{server}.helper", ""),
            (f"credential.{server}.helper", _CREDENTIAL_HELPER),
            (f"credential.{server}.useHttpPath", "false"),
        ]
        found += [
            (f"http.{server}.{name}", job[key]) for key, name in _TLS_FILES.items() if key in files
        ]
    found += [(f"url.{instead}.insteadOf", begin) for begin, instead in plan.sources.rewrites]
    return found


def counted(found: Settings, job: dict[str, str]) -> dict[str, str]:
    """The job's own GIT_CONFIG_* variables keep their places; ours follow them."""
    given = job.get("GIT_CONFIG_COUNT", "")
    first = int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 0
    variables = {"GIT_CONFIG_COUNT": str(first + len(found))}
    for number, (key, value) in enumerate(found, first):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables


def _servers(plan: JobPlan) -> list[str]:
    return [one for one in (server_of(plan.sources.url), *plan.sources.servers) if one]


def quoted(text: str) -> str:
    """As git itself quotes there."""
    return "'" + text.replace("'", "'\\''").replace("!", "'\\!'") + "'"
