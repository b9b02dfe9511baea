"""What the API server refuses in a new object: names, labels, Secrets; pods have a file."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator

from podlane.local.cluster.failure import Problem, bad_request, invalid
from podlane.local.cluster.kinds import POD, SECRET, Kind, Object
from podlane.local.cluster.validate_pod import pod_problems

_LABEL_PART = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL_PART}(\.{_LABEL_PART})*")
_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_KEY_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")

_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
    "'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_DATA_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
SECRET_LIMIT_BYTES = 1_048_576
_ANNOTATION_LIMIT_BYTES = 262_144


def check(kind: Kind, item: Object) -> None:
    """Raise the 400 or 422 that a real API server answers."""
    problems = list(_metadata_problems(item["metadata"]))
    if kind is SECRET:
        problems += _secret_problems(item)
    if kind is POD:
        problems += pod_problems(item.get("spec") or {})
    if problems:
        raise invalid(kind, item["metadata"].get("name", ""), problems)


def check_replacement(kind: Kind, previous: Object, item: Object) -> None:
    """Raise the 422 for what must not change: an immutable Secret, a pod's spec."""
    check(kind, item)
    name = item["metadata"]["name"]
    if kind is SECRET and previous.get("immutable"):
        why = "field is immutable when `immutable` is set"
        if not item.get("immutable"):
            raise invalid(kind, name, [Problem("immutable", "Forbidden", why)])
        if previous.get("data") != item.get("data"):
            raise invalid(kind, name, [Problem("data", "Forbidden", why)])
    if kind is POD and not _only_deadline_or_images_differ(previous["spec"], item["spec"]):
        why = "pod updates may not change fields other than `spec.containers[*].image`"
        raise invalid(kind, name, [Problem("spec", "Forbidden", why)])


def _only_deadline_or_images_differ(old: Object, new: Object) -> bool:
    def fixed(spec: Object) -> Object:
        containers = [item | {"image": ""} for item in spec.get("containers", [])]
        return spec | {"containers": containers, "activeDeadlineSeconds": 0}

    return fixed(old) == fixed(new)


def _metadata_problems(metadata: Object) -> Iterator[Problem]:
    name = metadata.get("name", "")
    if not name:
        yield Problem("metadata.name", "Required", "name or generateName is required")
    if len(name) > 253:
        text = f'"{name}": must be no more than 253 characters'
        yield Problem("metadata.name", "Invalid", text)
    if name and not _NAME.fullmatch(name):
        yield Problem("metadata.name", "Invalid", f'"{name}": {_SUBDOMAIN_RULE}')
    for key, value in (metadata.get("labels") or {}).items():
        yield from _label_problems(key, value)
    annotations = metadata.get("annotations") or {}
    if sum(len(key) + len(value) for key, value in annotations.items()) > _ANNOTATION_LIMIT_BYTES:
        text = f"may not be more than {_ANNOTATION_LIMIT_BYTES} bytes"
        yield Problem("metadata.annotations", "TooLong", text)


def _label_problems(key: str, value: str) -> Iterator[Problem]:
    prefix, _, name = key.rpartition("/")
    if not _KEY_NAME.fullmatch(name) or len(name) > 63 or (prefix and not _NAME.fullmatch(prefix)):
        yield Problem("metadata.labels", "Invalid", f'"{key}": {_KEY_RULE}')
    if len(value) > 63:
        yield Problem(
            "metadata.labels", "Invalid", f'"{value}": must be no more than 63 characters'
        )
    elif not _VALUE.fullmatch(value):
        yield Problem("metadata.labels", "Invalid", f'"{value}": {_VALUE_RULE}')


def _secret_problems(item: Object) -> Iterator[Problem]:
    data = item.get("data") or {}
    total = 0
    for key, value in data.items():
        if not _DATA_KEY.fullmatch(key):
            yield Problem(f"data[{key}]", "Invalid", f'"{key}": {_DATA_KEY_RULE}')
        total += len(_decoded(value))
    if total > SECRET_LIMIT_BYTES:
        yield Problem("data", "TooLong", f"may not be more than {SECRET_LIMIT_BYTES} bytes")
    if item.get("type") == "kubernetes.io/dockerconfigjson":
        yield from _docker_config_problems(data)


def _docker_config_problems(data: Object) -> Iterator[Problem]:
    field = "data[.dockerconfigjson]"
    if ".dockerconfigjson" not in data:
        yield Problem(field, "Required")
        return
    try:
        json.loads(_decoded(data[".dockerconfigjson"]))
    except ValueError as error:
        yield Problem(field, "Invalid", f'"<secret contents redacted>": {error}')


def _decoded(value: object) -> bytes:
    head = 'Secret in version "v1" cannot be handled as a Secret: '
    if not isinstance(value, str):
        what = "number" if isinstance(value, int | float) else "object"
        raise bad_request(
            f"{head}json: cannot unmarshal {what} into Go struct field Secret.data of type []uint8"
        )
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad_request(f"{head}illegal base64 data at input byte 0") from error
