"""What a manager's Deployment reads: ConfigMaps, Secrets and variables, and what they come to."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from podlane.core.migrate.helm import Record
from podlane.core.migrate.release import Manifest, Release
from podlane.core.text.token import Token

CONFIG_MAP, SECRET = "ConfigMap", "Secret"
Source = tuple[str, str]  # kind and name
Texts = Mapping[Source, Mapping[str, Token]]  # what is in those that are there
_RELEASE_LABELS = ("release", "app.kubernetes.io/instance")
_CHART_LABELS = ("chart", "helm.sh/chart")


class Mounted(msgspec.Struct, frozen=True):
    """One source of a volume. `items`: key → file name, where not all keys are files."""

    volume: str
    source: Source
    items: Mapping[str, str] = {}


def looks_like_one(deployment: Manifest) -> bool:
    """Whether a Deployment runs gitlab-runner, and not podlane."""
    labels = deployment["metadata"].get("labels") or {}
    if str(labels.get("app.kubernetes.io/managed-by", "")).startswith("podlane"):
        return False
    if any(str(labels.get(key, "")).startswith("gitlab-runner-") for key in _CHART_LABELS):
        return True
    containers = deployment["spec"]["template"]["spec"].get("containers", ())
    return any("gitlab-runner" in str(one.get("image", "")) for one in containers)


def release_names(deployment: Manifest) -> tuple[str, ...]:
    """The names by which people may ask for it; the first is the release's own."""
    meta = deployment["metadata"]
    labels = meta.get("labels") or {}
    named = [str(labels[key]) for key in _RELEASE_LABELS if labels.get(key)]
    return tuple(dict.fromkeys([*named, meta["name"]]))


def sources(deployment: Manifest) -> tuple[Source, ...]:
    """All ConfigMaps and Secrets that the manager reads."""
    pod = deployment["spec"]["template"]["spec"]
    found = [one.source for one in _mounted(pod)]
    for container in pod.get("containers", ()):
        for variable in container.get("env") or ():
            found += [source for source, _ in _references(variable.get("valueFrom") or {})]
        for whole in container.get("envFrom") or ():
            found += [source for source, _ in _references(whole, config="configMapRef")]
    return tuple(dict.fromkeys(found))


def assemble(deployment: Manifest, texts: Texts, record: Record | None) -> Release:
    """Put together what the manager starts from."""
    pod = deployment["spec"]["template"]["spec"]
    container: Manifest = next(iter(pod.get("containers", ())), {})
    places = {one["name"]: one["mountPath"] for one in container.get("volumeMounts", ())}
    files: dict[str, Token] = {}
    secrets: dict[str, Token] = {}
    certificates: dict[str, str] = {}
    for one in _mounted(pod):
        held = texts.get(one.source, {})
        named = {one.items.get(key, key): text for key, text in held.items()}
        if one.items:
            named = {one.items[key]: text for key, text in held.items() if key in one.items}
        if places.get(one.volume, "").rstrip("/").endswith("/certs"):
            certificates |= {name: text.reveal() for name, text in named.items()}
            continue
        files |= named
        secrets |= named if one.source[0] == SECRET else {}
    script = files.get("register-the-runner", Token("")).reveal()
    template = files.get("config.template.toml", Token("")).reveal()
    return Release(
        name=release_names(deployment)[0],
        namespace=deployment["metadata"]["namespace"],
        deployment=deployment,
        config=files.get("config.toml", Token("")).reveal(),
        template=template,
        registers=bool(script or template),
        words=register_words(script),
        environment=_environment(container, texts),
        secrets=secrets,
        certificates=certificates,
        values=record.values if record else {},
        chart=record.chart if record else _chart(deployment),
        pre_entrypoint=files.get("pre-entrypoint-script", Token("")).reveal().strip(),
        missing=tuple(
            f"{kind} {name}" for kind, name in sources(deployment) if (kind, name) not in texts
        ),
    )


def texts_of(manifest: Manifest) -> dict[str, Token]:
    """What a ConfigMap or Secret holds, as texts; what is no text is left out."""
    found: dict[str, Token] = {}
    for key, value in (manifest.get("data") or {}).items():
        if manifest["kind"] == CONFIG_MAP:
            found[key] = Token(str(value))
            continue
        try:
            found[key] = Token(base64.b64decode(value).decode().removesuffix("\n"))
        except ValueError:
            continue
    return found


def register_words(script: str) -> tuple[str, ...]:
    """The flags of `register` in the script that the chart makes."""
    joined = script.replace("\\\n", " ")
    for line in joined.splitlines():
        _, found, rest = line.partition(" register ")
        if not found:
            continue
        try:
            words = shlex.split(rest)
        except ValueError:
            return ()
        return tuple(words[: words.index(";")] if ";" in words else words)
    return ()


def _chart(deployment: Manifest) -> str:
    labels = deployment["metadata"].get("labels") or {}
    return next((str(labels[key]) for key in _CHART_LABELS if labels.get(key)), "")


def _mounted(pod: Manifest) -> Iterator[Mounted]:
    for volume in pod.get("volumes") or ():
        projected = (volume.get("projected") or {}).get("sources") or ()
        for source in (volume, *projected):
            for kind, key in ((CONFIG_MAP, "configMap"), (SECRET, "secret")):
                if held := source.get(key):
                    name = held.get("name") or held.get("secretName") or ""
                    items = {one["key"]: one["path"] for one in held.get("items") or ()}
                    yield Mounted(volume["name"], (kind, name), items)


def _references(
    value: Mapping[str, Any], *, config: str = "configMapKeyRef"
) -> Iterator[tuple[Source, str]]:
    secret = config.replace("configMap", "secret")
    for kind, key in ((CONFIG_MAP, config), (SECRET, secret)):
        if held := value.get(key):
            yield (kind, held["name"]), held.get("key", "")


def _environment(container: Manifest, texts: Texts) -> dict[str, Token]:
    found: dict[str, Token] = {}
    for whole in container.get("envFrom") or ():
        for source, _ in _references(whole, config="configMapRef"):
            prefix = whole.get("prefix", "")
            found |= {prefix + key: text for key, text in texts.get(source, {}).items()}
    for variable in container.get("env") or ():
        text = Token(str(variable.get("value") or ""))
        for source, key in _references(variable.get("valueFrom") or {}):
            text = texts.get(source, {}).get(key, text)
        found[variable["name"]] = text
    return found
