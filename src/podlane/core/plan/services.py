"""A job's services, the runner's own first: their names, what they see, what is asked of them."""

from __future__ import annotations

import re
from itertools import count

import msgspec

from podlane.core.config.kubernetes import ServiceConfig
from podlane.core.job import variables
from podlane.core.job.payload import Image, Job, Variable
from podlane.core.job.variables import is_exportable
from podlane.core.plan import allowed, overwrites, ports, pulls, settings, user
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Note, Owner, ServiceCheck
from podlane.core.plan.resolve import Ground, timeout
from podlane.core.plan.secrets import marked
from podlane.errors import JobRefused

_WORD = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL = re.compile(rf"(?=.{{1,63}}$){_WORD}", re.ASCII)
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_WORD}(\.{_WORD})*", re.ASCII)
_TAKEN = ("helper", "build")


class Service(msgspec.Struct, frozen=True):
    """`env` has only what the service adds or changes; public job variables come on top of it.

    `policies` are Kubernetes' words for how its image is pulled, tried in order.
    """

    name: str
    image: str
    hosts: tuple[str, ...]
    command: tuple[str, ...]
    args: tuple[str, ...]
    policies: tuple[str, ...]
    env: dict[str, str]
    ports: tuple[int, ...]
    owner: Owner = Owner()


def services(job: Job, context: RunnerContext, ground: Ground) -> tuple[Service, ...]:
    """Resolve all services in order. JobRefused for what can be no name, or may not be."""
    found: list[Service] = []
    for index, asked in enumerate(_asked(job, context)):
        taken = {*_TAKEN, *(service.name for service in found)}
        found.append(_service(asked, (index, taken), context, ground))
        if index >= len(context.runner.kubernetes.services):
            patterns = context.runner.kubernetes.allowed_services
            allowed.check(found[-1].image, "allowed_services", patterns)
    ports.refuse_shared((one.name, one.ports) for one in found)
    return tuple(found)


def checks(
    found: tuple[Service, ...], job: Job, context: RunnerContext
) -> tuple[ServiceCheck, ...]:
    """What the helper must see of each."""
    most = context.runner.podlane.service_timeout
    seconds = float(most if most > 0 else timeout(job))
    return tuple(
        ServiceCheck(one.name, one.image, one.ports, seconds if one.ports else 0) for one in found
    )


def shared_env(ground: Ground) -> dict[str, str]:
    """What every service may see: the public variables, files as their paths, and none that is made
    of a secret, whose value only the helper will know."""
    reader = ground.reader
    return {
        key: reader.get(key)
        for key, item in ground.variables.final().items()
        if item.public and is_exportable(key) and not marked(reader.get(key))
    }


def complaints(job: Job, context: RunnerContext, ground: Ground) -> tuple[Note, ...]:
    """Say what a service asks for in vain, and where two may want one port."""
    found = services(job, context, ground)
    notes: list[Note] = []
    for asked, one in zip(_asked(job, context), found, strict=True):
        notes += user.complaints(
            asked, _wish(asked, context, ground), f"service {one.name}", ground
        )
        reader = ground.reader.with_own(one.env)
        for amount in overwrites.amounts(context, "service_", reader).values():
            if amount.is_overwritten and overwrites.variable_of(amount.key) in one.env:
                text = f'"{amount.key}" of service {one.name} overwritten with "{amount.text}"'
                notes.append(Note(text))
        if words := ports.bad(one.env):
            text = f"{ports.HEALTHCHECK} of service {one.name} is no port: {words[:60]!r}"
            notes.append(Note(text, "warning"))
    notes += _shared_by_image(found)
    if found and _is_debug(ground) and not context.runner.podlane.service_logs:
        text = (
            "CI_DEBUG_SERVICES needs the right to read logs: this runner does not have "
            "`service_logs = true` in [runners.podlane]. If a service fails, its last lines show"
        )
        notes.append(Note(text, "warning"))
    return tuple(notes)


def shows_logs(found: tuple[Service, ...], context: RunnerContext, ground: Ground) -> bool:
    """Whether what the services print is to stand in the job's log."""
    return bool(found) and context.runner.podlane.service_logs and _is_debug(ground)


def _is_debug(ground: Ground) -> bool:
    return settings.read(settings.CI_DEBUG_SERVICES, ground.reader)


def _asked(job: Job, context: RunnerContext) -> list[Image]:
    return [*map(_configured, context.runner.kubernetes.services), *job.services]


def _configured(one: ServiceConfig) -> Image:
    pairs = (line.partition("=") for line in one.environment)
    own = tuple(Variable(key=key.strip(), value=value, public=True) for key, _, value in pairs)
    return Image(
        name=one.name,
        alias=one.alias,
        entrypoint=one.entrypoint,
        command=one.command,
        variables=own,
    )


def _service(
    asked: Image, place: tuple[int, set[str]], context: RunnerContext, ground: Ground
) -> Service:
    """`place`: its number, and the names that are taken."""
    index, taken = place
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
    name = free[0] if free else next(f"svc-{n}" for n in count(index) if f"svc-{n}" not in taken)
    env = _env(asked, ground)
    return Service(
        name=name,
        image=image,
        hosts=tuple(dict.fromkeys([*_image_hosts(image), *aliases])),
        command=asked.entrypoint,
        args=asked.command,
        policies=pulls.policies(context.runner.kubernetes, asked.pull_policy, f"service {name}"),
        env=env,
        ports=ports.of_service(asked, env),
        owner=_wish(asked, context, ground).owner,
    )


def _wish(asked: Image, context: RunnerContext, ground: Ground) -> user.Wish:
    kubernetes = context.runner.kubernetes
    return user.wish(asked, kubernetes.service_container_security_context, kubernetes, ground)


def _env(asked: Image, ground: Ground) -> dict[str, str]:
    own = variables.resolve(asked.variables, ground.places.temporary).final()
    raw = {item.key: item for item in asked.variables}
    known = ground.reader.with_own({key: item.value for key, item in own.items()})
    return {
        key: item.value if item.raw else known.expand(item.value, key=key)
        for key, item in raw.items()
        if is_exportable(key)
    }


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


def _shared_by_image(found: tuple[Service, ...]) -> list[Note]:
    """Two images that listen on one port if nobody tells them otherwise, and nobody does."""
    owners: dict[int, Service] = {}
    notes = []
    for one in found:
        port = 0 if one.ports or one.command or one.args else ports.usual(one.image)
        other = owners.setdefault(port, one)
        if port and other is not one:
            text = (
                f"Services {other.name} ({other.image}) and {one.name} ({one.image}) both listen "
                f"on port {port} unless told otherwise; in a pod only one of them can"
            )
            notes.append(Note(text, "warning"))
    return notes
