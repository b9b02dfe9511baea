"""Values that are allowed and can hardly be meant: said once at load, and refuse nothing.

A hint is worth its line only where people do make the mistake, and the value does harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from podlane.core.config import container, resources
from podlane.core.config.container import LifecycleHandler
from podlane.core.config.faults import Check, walk
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.config.place import Found, Place, note_at
from podlane.core.config.volumes import EmptyDirVolume, HostPathVolume

_SECRET = re.compile(r"(?:.*_)?(?:TOKEN|PASSWORD|PASSWD|SECRET|SECRET_KEY|PRIVATE_KEY|API_KEY)")
_SOCKETS = re.compile(r"/(?:var/)?run/(?:docker|containerd|crio)(?:/[^/]+)?\.sock")
_OTHER_TOKENS = {"glpat-": "a personal access token", "glcbt-": "a job's token"}
_KIB, _MIB, _SECONDS, _PAUSE = 64, 1024**2, 30, 60


def hints(table: Config | RunnerConfig, place: Place) -> Iterator[Found]:
    for at, what, todo in walk(table, place, HINTS):
        yield hint(at, what, todo)


def hints_of_places(concurrent: int, limits: Sequence[int]) -> Iterator[Found]:
    """How the runners' `limit`s and `concurrent` go together."""
    place = Place().inside("concurrent")
    if limits and all(limits) and sum(limits) < concurrent:
        what = f"is more than all the runners' `limit`s allow together: {sum(limits)}"
        yield hint(place, what)
    if len(limits) > 1 and concurrent < len(limits):
        what = (
            f"is less than there are runners ({len(limits)}): a question holds a place, so they"
            " take turns, and none waits at GitLab for a job to come"
        )
        yield hint(place, what, f"set it to {len(limits)} or more")


def hint_of_limit(concurrent: int, limit: int, place: Place) -> Iterator[Found]:
    if limit > concurrent:
        what = f"is more than `concurrent`, which is {concurrent} for all runners together"
        yield hint(place.inside("limit"), what, "raise `concurrent`, or lower `limit`")


def hint(place: Place, what: str, todo: str = "") -> Found:
    return note_at(place, "careful", what, todo)


def _of_runner(runner: RunnerConfig) -> Iterator[tuple[str, ...]]:
    if 0 < runner.output_limit < _KIB:
        what = f"counts KiB: a log is cut after {runner.output_limit * 1024} bytes"
        yield "output_limit", what, "the default is 4096, which is 4 MiB"
    for prefix, what in _OTHER_TOKENS.items():
        if runner.token.reveal().startswith(prefix):
            yield "token", f"looks like {what}: GitLab gives jobs to a runner's own (`glrt-…`)"
    for position, line in enumerate(runner.environment):
        yield from _of_variable(f"environment[{position}]", line)


def _of_variable(key: str, line: str) -> Iterator[tuple[str, ...]]:
    name, equals, value = line.partition("=")
    if not equals:
        yield key, "has no `=` and sets an empty variable"
    elif _SECRET.fullmatch(name.upper()) and value.strip() and not value.startswith("$"):
        what = f"holds the value of {name} in plain text, and every job can read it"
        todo = "keep it in a masked CI/CD variable, or mount a Secret (`volumes.secret`)"
        yield key, what, todo


def _of_kubernetes(kubernetes: KubernetesConfig) -> Iterator[tuple[str, ...]]:
    if 0 < kubernetes.poll_timeout < _SECONDS:
        what = "counts seconds: a pod whose images take longer to come fails"
        yield "poll_timeout", what, "the default is 180"
    for position, service in enumerate(kubernetes.services):
        for number, line in enumerate(service.environment):
            yield from _of_variable(f"services[{position}].environment[{number}]", line)


def _of_host_path(volume: HostPathVolume) -> Iterator[tuple[str, ...]]:
    path = "/" + (volume.host_path or volume.mount_path).strip("/")
    if path == "/":
        yield "host_path", "is the whole node: a job can read and change all of it"
    elif _SOCKETS.fullmatch(path):
        what = "is the container runtime's socket: through it a job is root on the node"
        yield "host_path", what, "a `docker:dind` service keeps it inside the job's pod"


def _of_empty_dir(volume: EmptyDirVolume) -> Iterator[tuple[str, ...]]:
    text = volume.size_limit.strip()
    size = resources.amount(text)
    if text and (size is None or size <= 0):
        yield "size_limit", "is no size and is left out", "a size is written like `500Mi` or `2Gi`"
    elif size is not None and 0 < size < _MIB:
        yield "size_limit", f"is {resources.in_bytes(size)}", "a size is written like `500Mi`"


def _of_file(config: Config) -> Iterator[tuple[str, ...]]:
    if config.check_interval > _PAUSE:
        what = f"counts seconds: a job may wait for {config.check_interval} s before it is seen"
        yield "check_interval", what, "the default is 3"


HINTS: dict[type, tuple[Check, ...]] = {
    LifecycleHandler: (container.hints_of_hook,),
    Config: (_of_file,),
    RunnerConfig: (_of_runner,),
    KubernetesConfig: (_of_kubernetes, resources.hints),
    HostPathVolume: (_of_host_path,),
    EmptyDirVolume: (_of_empty_dir,),
}
