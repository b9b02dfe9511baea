"""What the API server refuses in a pod: names, mounts, quantities, values that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from podlane.local.cluster.failure import Problem, bad_request
from podlane.local.cluster.kinds import Object

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
    "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eE][-+]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?")
_SCALE = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_CLOSED = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"),
}
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def pod_problems(spec: Object) -> Iterator[Problem]:
    volumes = spec.get("volumes") or []
    yield from _volume_problems(volumes)
    containers = spec.get("containers") or []
    if not containers:
        yield Problem("spec.containers", "Required")
    names = {volume.get("name") for volume in volumes}
    seen: list[str] = []
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or []):
            field = f"spec.{group}[{index}]"
            yield from _container_problems(field, container)
            yield from _mount_problems(field, container, names)
            yield from _resource_problems(f"{field}.resources", container.get("resources") or {})
            yield from _duplicates(f"{field}.name", container.get("name", ""), seen)
    yield from _closed_problems(spec)


def _closed_problems(spec: Object) -> Iterator[Problem]:
    for field, values in _CLOSED.items():
        if field in spec:
            yield from _one_of(f"spec.{field}", spec[field], values)
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and deadline < 1:
        text = f"{deadline}: must be between 1 and 2147483647, inclusive"
        yield Problem("spec.activeDeadlineSeconds", "Invalid", text)


def _one_of(field: str, value: str, values: Iterable[str]) -> Iterator[Problem]:
    if value not in values:
        known = ", ".join(f'"{item}"' for item in values)
        yield Problem(field, "NotSupported", f'"{value}": supported values: {known}')


def _duplicates(field: str, name: str, seen: list[str]) -> Iterator[Problem]:
    if name in seen:
        yield Problem(field, "Duplicate", f'"{name}"')
    seen.append(name)


def _name_problems(field: str, name: str) -> Iterator[Problem]:
    if not name:
        yield Problem(field, "Required")
    elif len(name) > 63:
        yield Problem(field, "Invalid", f'"{name}": must be no more than 63 characters')
    elif not _LABEL.fullmatch(name):
        yield Problem(field, "Invalid", f'"{name}": {_LABEL_RULE}')


def _volume_problems(volumes: list[Object]) -> Iterator[Problem]:
    seen: list[str] = []
    for index, volume in enumerate(volumes):
        field = f"spec.volumes[{index}]"
        yield from _name_problems(f"{field}.name", volume.get("name", ""))
        yield from _duplicates(f"{field}.name", volume.get("name", ""), seen)
        yield from _item_problems(field, volume)
        for source, key in (("secret", "secretName"), ("configMap", "name"), ("hostPath", "path")):
            if source in volume and not volume[source].get(key):
                yield Problem(f"{field}.{source}.{key}", "Required")


def _item_problems(field: str, volume: Object) -> Iterator[Problem]:
    """A file's path must stay inside its volume."""
    projected = (volume.get("projected") or {}).get("sources") or []
    for where, source in [(field, volume)] + [(f"{field}.projected", item) for item in projected]:
        for kind in ("secret", "configMap", "downwardAPI"):
            for item in (source.get(kind) or {}).get("items") or []:
                yield from _path_problems(f"{where}.{kind}.items.path", item.get("path", ""))


def _path_problems(field: str, path: str) -> Iterator[Problem]:
    if not path:
        yield Problem(field, "Required")
    elif path.startswith("/"):
        yield Problem(field, "Invalid", f'"{path}": must be a relative path')
    elif ".." in path.split("/"):
        yield Problem(field, "Invalid", f"\"{path}\": must not contain '..'")
    elif path.startswith(".."):
        yield Problem(field, "Invalid", f"\"{path}\": must not start with '..'")


def _container_problems(field: str, container: Object) -> Iterator[Problem]:
    yield from _name_problems(f"{field}.name", container.get("name", ""))
    image = container.get("image", "")
    if not image:
        yield Problem(f"{field}.image", "Required")
    elif image != image.strip():
        text = f'"{image}": must not have leading or trailing whitespace'
        yield Problem(f"{field}.image", "Invalid", text)
    policy = container.get("imagePullPolicy", "Always")
    yield from _one_of(f"{field}.imagePullPolicy", policy, _PULL_POLICIES)
    for index, entry in enumerate(container.get("env") or []):
        if not entry.get("name"):
            yield Problem(f"{field}.env[{index}].name", "Required")
        if entry.get("value") and "valueFrom" in entry:
            text = '"": may not be specified when `value` is not empty'
            yield Problem(f"{field}.env[{index}].valueFrom", "Invalid", text)


def _mount_problems(field: str, container: Object, volumes: set[str]) -> Iterator[Problem]:
    paths: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or []):
        where = f"{field}.volumeMounts[{index}]"
        name, path = mount.get("name"), mount.get("mountPath", "")
        if name not in volumes:
            yield Problem(f"{where}.name", "NotFound", f'"{name}"')
        if not path:
            yield Problem(f"{where}.mountPath", "Required")
        elif path in paths:
            yield Problem(f"{where}.mountPath", "Invalid", f'"{path}": must be unique')
        paths.add(path)
        if mount.get("subPath"):
            yield from _path_problems(f"{where}.subPath", mount["subPath"])


def _resource_problems(field: str, resources: Object) -> Iterator[Problem]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, text in limits.items():
        if _amount(text) < 0:
            wrong = f'"{text}": must be greater than or equal to 0'
            yield Problem(f"{field}.limits.{name}", "Invalid", wrong)
    for name, text in requests.items():
        if name in limits and _amount(text) > _amount(limits[name]):
            wrong = f'"{text}": must be less than or equal to {name} limit of {limits[name]}'
            yield Problem(f"{field}.requests", "Invalid", wrong)
        else:
            _amount(text)


def _amount(text: object) -> Decimal:
    match = _QUANTITY.fullmatch(str(text))
    if match is None or match[1].count(".") > 1:
        raise bad_request(
            'Pod in version "v1" cannot be handled as a Pod: quantities must match the regular '
            "expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * Decimal(1024) ** _BINARY[suffix]
    if suffix in _SCALE:
        return number.scaleb(_SCALE[suffix])
    return number * Decimal(f"1{suffix}")
