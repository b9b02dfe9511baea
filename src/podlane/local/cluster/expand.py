"""`$(NAME)` in commands, arguments and values, and a container's environment from its manifest.

The rule is the kubelet's: `$$` is one `$` and shields what follows, a name that is not known
stays as it is written, and a value sees only what was defined before it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from podlane.local.cluster.kinds import Object

ReadData = Callable[[str, str], Mapping[str, bytes] | None]
"""Reads the data of (plural, name), or None if there is no such object."""


class ConfigProblem(Exception):
    """A container cannot be made: what the kubelet calls CreateContainerConfigError."""


def expand(text: str, known: Mapping[str, str]) -> str:
    out: list[str] = []
    index = 0
    while index < len(text):
        if text[index] != "$" or index + 1 == len(text):
            out.append(text[index])
            index += 1
            continue
        piece, length = _reference(text, index, known)
        out.append(piece)
        index += length
    return "".join(out)


def _reference(text: str, index: int, known: Mapping[str, str]) -> tuple[str, int]:
    following = text[index + 1]
    if following == "$":
        return "$", 2
    if following != "(":
        return "$" + following, 2
    end = text.find(")", index)
    if end < 0:
        return "$(", 2
    name = text[index + 2 : end]
    return known.get(name, f"$({name})"), end + 1 - index


def environment(pod: Object, container: Object, read: ReadData) -> dict[str, str]:
    """The variables that the manifest gives, `envFrom` first; missing sources are a problem."""
    known: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        known |= _all_of(source, read)
    for entry in container.get("env") or []:
        value = entry.get("value", "")
        if "valueFrom" in entry:
            found = _value_from(pod, entry["valueFrom"], read)
            if found is None:
                continue
            known[entry["name"]] = found
        else:
            known[entry["name"]] = expand(value, known)
    return known


def _all_of(source: Object, read: ReadData) -> dict[str, str]:
    prefix = source.get("prefix", "")
    for plural, field in (("secrets", "secretRef"), ("configmaps", "configMapRef")):
        if field in source:
            data = read(plural, source[field]["name"])
            if data is None and not source[field].get("optional"):
                raise ConfigProblem(
                    f'{plural.removesuffix("s")} "{source[field]["name"]}" not found'
                )
            return {prefix + key: _text(value) for key, value in (data or {}).items()}
    return {}


def _value_from(pod: Object, source: Object, read: ReadData) -> str | None:
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"])
    for plural, field in (("secrets", "secretKeyRef"), ("configmaps", "configMapKeyRef")):
        if field in source:
            return _key_of(plural, source[field], read, pod)
    return "0"  # resourceFieldRef: no limits are enforced here


def _key_of(plural: str, wanted: Object, read: ReadData, pod: Object) -> str | None:
    data = read(plural, wanted["name"])
    kind = {"secrets": "secret", "configmaps": "configmap"}[plural]
    if data is not None and wanted["key"] in data:
        return _text(data[wanted["key"]])
    if wanted.get("optional"):
        return None
    if data is None:
        raise ConfigProblem(f'{kind} "{wanted["name"]}" not found')
    where = f"{pod['metadata']['namespace']}/{wanted['name']}"
    title = {"secret": "Secret", "configmap": "ConfigMap"}[kind]
    raise ConfigProblem(f"couldn't find key {wanted['key']} in {title} {where}")


def field_value(pod: Object, path: str) -> str:
    """Read `metadata.name`, `metadata.annotations['x']`, `spec.nodeName`, `status.podIP`."""
    if path.endswith("']"):
        path, _, key = path.removesuffix("']").partition("['")
        return str(_walk(pod, path).get(key, ""))
    found = _walk(pod, path)
    if isinstance(found, dict):
        quoted = (f'{key}="{_quoted(value)}"' for key, value in sorted(found.items()))
        return "\n".join(quoted)
    return str(found)


def _walk(pod: Object, path: str) -> Any:
    value: Any = pod
    for name in path.split("."):
        default: Any = {} if name in ("annotations", "labels") else ""
        value = value.get(name, default) if isinstance(value, dict) else default
    return value


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def decoded(item: Object) -> dict[str, bytes]:
    """The data of a Secret or ConfigMap as bytes."""
    if item["kind"] == "Secret":
        return {key: base64.b64decode(value) for key, value in (item.get("data") or {}).items()}
    return {key: value.encode() for key, value in (item.get("data") or {}).items()}
