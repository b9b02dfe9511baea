"""Every feature flag of gitlab-runner 19.4, with what podlane makes of it.

Each line of the table reads `NAME default verdict: sentence`. A flag is one of

    honoured  it is asked for where the plan or the manifests are made; the sentence says for what
    always    podlane does so whether it is on or off, or it concerns what is not there
    refused   podlane has no such thing: who switches it on is told what happens instead

No flag fails a job by itself: those that are refused stand in running configurations, and their
jobs run well without. What cannot go on without (resuming a kept environment, `run:` steps) is
asked for by the job itself, and refused there (`core.plan.refuse`).
"""

from __future__ import annotations

import difflib
import re
from typing import Literal, cast

import msgspec

Verdict = Literal["honoured", "always", "refused"]


class FlagEntry(msgspec.Struct, frozen=True):
    """`default`: gitlab-runner's, and ours. `sentence`: a whole one, for people."""

    name: str
    default: bool
    verdict: Verdict
    sentence: str


_TABLE = """
FF_CLEAN_UP_FAILED_CACHE_EXTRACT off honoured: The cache's paths are removed when its archive cannot be unpacked whole.
FF_CONCRETE off refused: Podlane's helper carries the job out inside the pod by itself, and needs no step-runner for it.
FF_DISABLE_AUTOMATIC_TOKEN_ROTATION off honoured: The manager exchanges no token by itself before it ends, and only warns.
FF_DISABLE_POWERSHELL_STDIN off always: A script comes as a file, in every shell.
FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR off always: It is the docker executor's, and no umask of 0000 is set here.
FF_DISABLE_UMASK_FOR_KUBERNETES_EXECUTOR off always: The working copy belongs to whoever runs the script, and is never world-writable.
FF_ENABLE_BASH_EXIT_CODE_CHECK off honoured: The script looks at the status of each command, beside `set -e`.
FF_ENABLE_JOB_CLEANUP off honoured: The working copy is cleaned at the end of the job, which matters on a volume that outlives it.
FF_ENABLE_JOB_INPUTS_INTERPOLATION on honoured: The job's inputs are put into its texts.
FF_EXPORT_HIGH_CARDINALITY_METRICS off refused: The manager sees no stages of a job, so it has no metric of them; the resource report at the end of each job's log tells their times.
FF_GIT_URLS_WITHOUT_TOKENS off always: The job's token is in no URL and no file of git; a credential helper hands it over.
FF_HASH_CACHE_KEYS off honoured: A cache is stored under the SHA-256 of its key; it is found under either name.
FF_KUBERNETES_HONOR_ENTRYPOINT off honoured: The image's entrypoint, or the job's, runs before the script's shell.
FF_LOG_IMAGES_CONFIGURED_FOR_JOB off honoured: The manager logs a line for each image of a job.
FF_MASK_ALL_DEFAULT_TOKENS on honoured: All of GitLab's token prefixes are masked, not `glpat-` only.
FF_NETWORK_PER_BUILD off always: It is the docker executor's; each pod has a network of its own.
FF_POSIXLY_CORRECT_ESCAPES off always: Values are quoted as any POSIX shell reads them.
FF_PRINT_POD_EVENTS off honoured: The log shows the cluster's events about the pod until its containers have started.
FF_RESOLVE_FULL_TLS_CHAIN off always: Jobs get the certificates that the runner trusts as they are, root included.
FF_SCRIPT_SECTIONS off honoured: A command of several lines is shown whole, in a folded section of the log.
FF_SCRIPT_TO_STEP_MIGRATION off refused: Scripts run as scripts; podlane does not turn them into steps.
FF_SECRET_RESOLVING_FAILS_IF_MISSING on honoured: A secret of `secrets:` that is not there fails the job.
FF_SUSPENDABLE_ENVIRONMENTS off refused: Podlane keeps no environment beyond its job; the job runs in a fresh pod.
FF_TIMESTAMPS on honoured: Each line of the log begins with its time.
FF_USE_ADAPTIVE_REQUEST_CONCURRENCY on honoured: The questions for jobs at one time follow how many jobs there are, up to `request_concurrency`.
FF_USE_ADVANCED_POD_SPEC_CONFIGURATION off honoured: The runner's `pod_spec` patches are applied to each pod.
FF_USE_DIRECT_DOWNLOAD on honoured: Artifacts come straight from GitLab's object store where GitLab offers it.
FF_USE_DOCKER_AUTOSCALER_DIAL_STDIO on always: It is the docker-autoscaler executor's.
FF_USE_DUMB_INIT_WITH_KUBERNETES_EXECUTOR off always: Process 1 of the build container takes in orphans and stops what a step has left behind.
FF_USE_DYNAMIC_TRACE_FORCE_SEND_INTERVAL off honoured: A silent job tells GitLab that it lives at four times the interval that GitLab asks for, from 30 s to 30 min, rather than each 30 s.
FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY on honoured: The attempts of a stage lie further and further apart, from 5 s to 5 min.
FF_USE_FASTZIP on always: Archives are packed and unpacked by podlane's own archiver, and there is no slower one.
FF_USE_FLEETING_ACQUIRE_HEARTBEATS off always: It is the instance executors'.
FF_USE_GITALY_CORRELATION_ID on honoured: Git sends a correlation id, and the log tells it.
FF_USE_GIT_BUNDLE_URIS on honoured: Git takes bundles where the server offers them.
FF_USE_GIT_NATIVE_CLONE off honoured: A fresh working copy is made by `git clone`, with `GIT_CLONE_EXTRA_FLAGS`.
FF_USE_GIT_PROACTIVE_AUTH off honoured: Git sends the job's token before the server asks for it.
FF_USE_INIT_WITH_DOCKER_EXECUTOR off always: It is the docker executor's.
FF_USE_JOB_ROUTER off refused: Podlane asks GitLab itself for jobs, and gets the same ones.
FF_USE_LEGACY_BASH_EVAL off always: A script is a file that bash reads, with nothing on its stdin: both of the flag's forms come to that.
FF_USE_LEGACY_GCS_CACHE_ADAPTER off always: Podlane has one client of its own for Google's store.
FF_USE_LEGACY_KUBERNETES_EXECUTION_STRATEGY off always: Scripts are handed over inside the pod; neither `exec` nor `attach` is used, so no broken stream ends a job.
FF_USE_LEGACY_S3_CACHE_ADAPTER off always: Podlane has one client of its own for S3.
FF_USE_NATIVE_CONTAINER_STOP off always: It is the docker executor's.
FF_USE_PARALLEL_ARTIFACT_TRANSFER off honoured: Artifacts from GitLab's object store come in several parts at a time.
FF_USE_PARALLEL_CACHE_TRANSFER off honoured: Caches go up in several parts at a time.
FF_USE_POD_ACTIVE_DEADLINE_SECONDS on honoured: Kubernetes ends a pod that outlives its job's time-out by a quarter of an hour.
FF_USE_POWERSHELL_PATH_RESOLVER off always: No path is resolved outside the pod.
FF_USE_WINDOWS_JOB_OBJECT off always: It is for processes on Windows, which the shell executor starts.
FF_USE_WINDOWS_LEGACY_PROCESS_STRATEGY off always: It is for processes on Windows, which the shell executor starts.
FF_WAIT_FOR_POD_TO_BE_REACHABLE off always: Nobody connects to the pod: its helper reports to GitLab by itself.
"""  # noqa: E501 - a table: one line a flag
_LINE = re.compile(r"(FF_\w+) (on|off) (honoured|always|refused): (.+\.)")


def _read(text: str) -> dict[str, FlagEntry]:
    found: dict[str, FlagEntry] = {}
    for line in text.strip().splitlines():
        entry = _LINE.fullmatch(line)
        assert entry is not None, line
        verdict = cast(Verdict, entry[3])
        found[entry[1]] = FlagEntry(entry[1], entry[2] == "on", verdict, entry[4])
    return found


FLAGS = _read(_TABLE)


def nearest(name: str) -> str:
    """The known flag that looks most like `name`; "" when none does."""
    return next(iter(difflib.get_close_matches(name.upper(), FLAGS, 1, 0.6)), "")
