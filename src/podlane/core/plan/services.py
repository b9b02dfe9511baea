"""The services of the job: their container names, the names they are reached by, what they see."""

from __future__ import annotations

import re

import msgspec

from podlane.core.job import variables
from podlane.core.job.payload import Image, Job
from podlane.core.job.variables import Reader, is_exportable
from podlane.core.plan.model import Note, ServiceCheck
from podlane.core.plan.resolve import Ground
from podlane.errors import JobRefused

_WORD = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL = re.compile(rf"(?=.{{1,63}}$){_WORD}", re.ASCII)
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_WORD}(\.{_WORD})*", re.ASCII)
_TAKEN = ("helper", "build")


class Service(msgspec.Struct, frozen=True):
    """`env` has only what the service adds or changes; public job variables come on top of it."""

    name: str
    image: str
    hosts: tuple[str, ...]
    command: tuple[str, ...]
    args: tuple[str, ...]
    pull_policy: tuple[str, ...]
    env: dict[str, str]
    ports: tuple[int, ...]


def services(job: Job, ground: Ground) -> tuple[Service, ...]:
    """Resolve the job's services in order. JobRefused for a name that can be no host name."""
    found: list[Service] = []
    for index, asked in enumerate(job.services):
        taken = {*_TAKEN, *(service.name for service in found)}
        found.append(_service(asked, index, ground, taken))
    return tuple(found)


def checks(found: tuple[Service, ...]) -> tuple[ServiceCheck, ...]:
    return tuple(ServiceCheck(one.name, one.ports) for one in found if one.ports)


def shared_env(ground: Ground) -> dict[str, str]:
    """What every service may see: the public variables, files as their paths."""
    reader = ground.reader
    return {
        key: reader.get(key)
        for key, item in ground.variables.final().items()
        if item.public and is_exportable(key)
    }


def complaints(job: Job) -> tuple[Note, ...]:
    """Say what a service asks for in vain."""
    return tuple(
        Note(f"Service {one.name[:100]!r}: its user is not honoured", "warning")
        for one in job.services
        if one.executor_opts.kubernetes.user
    )


def _service(asked: Image, index: int, ground: Ground, taken: set[str]) -> Service:
    image = ground.reader.expand(asked.name, key="services:name").strip()
    if not image:
        raise JobRefused(
            f"Service {index + 1} of the job has no image: {asked.name[:200]!r} stands for nothing",
            hint="write the image's name, or set the variables it is made of",
            reference="service-image",
        )
    aliases = re.split(r"[\s,]+", ground.reader.expand(asked.alias, key="services:alias"))
    aliases = [_checked(alias, asked) for alias in aliases if alias]
    free = [alias for alias in aliases if _LABEL.fullmatch(alias) and alias not in taken]
    env = _env(asked, ground)
    return Service(
        name=free[0] if free else f"svc-{index}",
        image=image,
        hosts=tuple(dict.fromkeys([*_image_hosts(image), *aliases])),
        command=asked.entrypoint,
        args=asked.command,
        pull_policy=asked.pull_policy,
        env=env,
        ports=_ports(asked, env),
    )


def _env(asked: Image, ground: Ground) -> dict[str, str]:
    own = variables.resolve(asked.variables, ground.places.temporary).final()
    raw = {item.key: item for item in asked.variables}
    known: Reader = ground.reader.with_own({key: item.value for key, item in own.items()})
    return {
        key: item.value if item.raw else known.expand(item.value, key=key)
        for key, item in raw.items()
        if is_exportable(key)
    }


def _ports(asked: Image, env: dict[str, str]) -> tuple[int, ...]:
    words = [*env.get("HEALTHCHECK_TCP_PORT", "").split(), *(str(p.number) for p in asked.ports)]
    numbers = [int(word[:6]) for word in words if word.isascii() and word.isdigit()]
    return tuple(dict.fromkeys(number for number in numbers if 0 < number < 65536))


def _image_hosts(image: str) -> list[str]:
    """`group/name:tag` is reached as `group__name` and `group-name`, the host names that exist.

    A registry's port is left out with the tag.
    """
    path = re.sub(r":[^/]*$", "", image.partition("@")[0])
    path = re.sub(r":\d+/", "/", path, count=1)
    names = [path.replace("/", "__"), path.replace("/", "-")]
    return [name for name in dict.fromkeys(names) if _HOST_NAME.fullmatch(name)]


def _checked(alias: str, asked: Image) -> str:
    if _HOST_NAME.fullmatch(alias.lower()):
        return alias.lower()
    raise JobRefused(
        f"An alias of service {asked.name[:200]!r} can be no host name: {asked.alias[:100]!r}",
        hint="use small letters, digits, `-` and `.`",
        reference="service-alias",
    )
