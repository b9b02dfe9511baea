"""The keywords of a job that become parts of the payload: image, services, scripts, artifacts,
cache, variables, hooks, environment."""

from __future__ import annotations

from typing import Any

from podlane.local.pipeline.model import Cache, CacheKey, Environment, Variable
from podlane.local.pipeline.node import NOTHING, Node, items, table
from podlane.local.pipeline.reading import Reading, as_text

_IMAGE = ("name", "entrypoint", "pull_policy", "docker", "kubernetes", "ports")
_SERVICE = (*_IMAGE, "alias", "command", "variables")
_WHEN = ("on_success", "on_failure", "always")
_GZIP = ("junit", "dotenv", "cobertura", "jacoco", "metrics", "cyclonedx", "annotations",
         "repository_xray")  # fmt: skip
_ZIP = ("lsif", "scip")
_RAW = ("accessibility", "codequality", "terraform", "sast", "secret_detection",
        "dependency_scanning", "container_scanning", "cluster_image_scanning", "dast",
        "license_scanning", "performance", "browser_performance", "load_performance",
        "requirements", "requirements_v2", "coverage_fuzzing", "api_fuzzing",
        "sarif")  # fmt: skip
_FORMATS = {**dict.fromkeys(_GZIP, "gzip"), **dict.fromkeys(_ZIP, "zip"),
            **dict.fromkeys(_RAW, "raw")}  # fmt: skip
_FILES = {
    "junit": "junit.xml", "dotenv": ".env", "cobertura": "cobertura-coverage.xml",
    "jacoco": "jacoco-coverage.xml", "metrics": "metrics.txt", "lsif": "lsif.json",
    "accessibility": "gl-accessibility.json", "codequality": "gl-code-quality-report.json",
    "terraform": "tfplan.json", "performance": "performance.json",
    "browser_performance": "browser-performance.json", "load_performance": "load-performance.json",
    "requirements": "requirements.json", "requirements_v2": "requirements_v2.json",
    "coverage_fuzzing": "gl-coverage-fuzzing.json", "cyclonedx": "gl-sbom.cdx.json",
    "annotations": "gl-annotations.json", "repository_xray": "gl-repository-xray.json",
    "api_fuzzing": "gl-api-fuzzing-report.json",
}  # fmt: skip


def commands(node: Node | None, what: str, reading: Reading) -> tuple[str, ...]:
    """A script: each item of the (nested) list is one command."""
    if node is None or node.value is None:
        return ()
    result: list[str] = []
    for item in reading.flat(node, what):
        if isinstance(item.value, str):
            result.append(item.value)
        else:
            reading.wrong(
                item, what, "a text or a list of texts (a `: ` in a command needs quotes)"
            )
    return tuple(result)


def variables(node: Node | None, what: str, reading: Reading) -> tuple[Variable, ...]:
    if node is None or node.value is None:
        return ()
    if not isinstance(node.value, dict):
        reading.wrong(node, what, "a mapping of names to values")
        return ()
    result = []
    for key, item in node.value.items():
        is_raw = False
        value = item
        if isinstance(item.value, dict):
            keys = reading.keys(
                item, f"{what}:{key}", ("value", "description", "options", "expand")
            )
            is_raw = not reading.boolean(keys.get("expand"), f"{what}:{key}:expand", default=True)
            value = keys.get("value", Node("", item.place))
        result.append(Variable(key, reading.text(value, f"{what}:{key}"), is_raw))
    return tuple(result)


def image(node: Node | None, reading: Reading) -> dict[str, Any] | None:
    if node is None or node.value is None:
        return None
    return _container(node, "image", _IMAGE, reading)


def services(node: Node | None, reading: Reading) -> tuple[dict[str, Any], ...]:
    if node is None:
        return ()
    result = []
    for item in reading.flat(node, "services"):
        service = _container(item, "services", _SERVICE, reading)
        keys = table(item)
        service["alias"] = reading.text(keys.get("alias"), "services:alias") or None
        service["command"] = _words(keys.get("command"), "services:command", reading)
        service["variables"] = [
            {"key": variable.key, "value": variable.value}
            for variable in variables(keys.get("variables"), "services:variables", reading)
        ]
        result.append(service)
    return tuple(result)


def _words(node: Node | None, what: str, reading: Reading) -> list[str] | None:
    return list(reading.texts(node, what)) if node is not None and node.value is not None else None


def _container(node: Node, what: str, known: tuple[str, ...], reading: Reading) -> dict[str, Any]:
    keys = {"name": node}
    if isinstance(node.value, dict):
        keys = reading.keys(node, what, known)
        if "name" not in keys:
            reading.wrong(node, what, "an image with a `name`")
    options: dict[str, Any] = {}
    for executor, names in (("docker", ("platform", "user")), ("kubernetes", ("user",))):
        part = reading.keys(keys.get(executor), f"{what}:{executor}", names)
        if part:
            options[executor] = {name: item.value for name, item in part.items()}
    ports = [_port(port, f"{what}:ports", reading) for port in items(keys.get("ports", NOTHING))]
    return {
        "name": reading.text(keys.get("name"), f"{what}:name"),
        "entrypoint": _words(keys.get("entrypoint"), f"{what}:entrypoint", reading),
        "executor_opts": options,
        "ports": ports,
        "pull_policy": _words(keys.get("pull_policy"), f"{what}:pull_policy", reading),
    }


def _port(node: Node, what: str, reading: Reading) -> dict[str, Any]:
    keys = reading.keys(node, what, ("number", "protocol", "name")) if table(node) else {}
    number = keys.get("number", node)
    return {
        "number": reading.integer(number, what, 1, 65535),
        "protocol": reading.text(keys.get("protocol"), what, "http"),
        "name": reading.text(keys.get("name"), what, "default_port"),
    }


_ARTIFACTS = ("paths", "exclude", "name", "expire_in", "when", "untracked", "reports",
              "expose_as", "public", "access")  # fmt: skip


def artifacts(node: Node | None, reading: Reading) -> tuple[dict[str, Any], ...]:
    """The payload's list: the archive first, then one entry a report."""
    keys = reading.keys(node, "artifacts", _ARTIFACTS)
    if not keys:
        return ()
    expire_in = reading.text(keys.get("expire_in"), "artifacts:expire_in") or None
    paths = list(reading.texts(keys.get("paths"), "artifacts:paths"))
    untracked = reading.boolean(keys.get("untracked"), "artifacts:untracked")
    result: list[dict[str, Any]] = []
    if paths or untracked:
        archive = {
            "name": reading.text(keys.get("name"), "artifacts:name") or None,
            "untracked": untracked,
            "paths": paths,
            "when": reading.choice(keys.get("when"), "artifacts:when", _WHEN),
            "expire_in": expire_in,
            "artifact_type": "archive",
            "artifact_format": "zip",
        }
        exclude = list(reading.texts(keys.get("exclude"), "artifacts:exclude"))
        result.append({**archive, "exclude": exclude} if exclude else archive)
    known = (*_FORMATS, "coverage_report")
    for kind, item in reading.keys(keys.get("reports"), "artifacts:reports", known).items():
        result.append(_report(kind, item, expire_in, reading))
    return tuple(result)


def _report(kind: str, node: Node, expire_in: str | None, reading: Reading) -> dict[str, Any]:
    what = f"artifacts:reports:{kind}"
    paths = node
    if kind == "coverage_report":
        keys = reading.keys(node, what, ("coverage_format", "path"))
        kind = reading.choice(
            keys.get("coverage_format"), f"{what}:coverage_format", ("cobertura", "jacoco")
        )
        paths = keys.get("path", NOTHING)
    return {
        "name": _FILES.get(kind, f"gl-{kind.replace('_', '-')}-report.json"),
        "paths": list(reading.texts(paths, what)),
        "when": "always",
        "expire_in": expire_in,
        "artifact_type": kind,
        "artifact_format": _FORMATS.get(kind, "raw"),
    }


_CACHE = ("key", "paths", "untracked", "policy", "when", "unprotect", "fallback_keys")


def caches(node: Node | None, reading: Reading) -> tuple[Cache, ...]:
    if node is None:
        return ()
    found = reading.flat(node, "cache")
    if len(found) > 4:
        reading.wrong(node, "cache", "at most 4 caches")
    result = []
    for item in found:
        keys = reading.keys(item, "cache", _CACHE)
        if not keys:
            continue
        fallback = reading.texts(keys.get("fallback_keys"), "cache:fallback_keys")
        if len(fallback) > 5:
            reading.wrong(item, "cache:fallback_keys", "at most 5 keys")
        policies = ("pull-push", "pull", "push")
        result.append(
            Cache(
                key=_cache_key(keys.get("key"), reading),
                paths=reading.texts(keys.get("paths"), "cache:paths"),
                untracked=reading.boolean(keys.get("untracked"), "cache:untracked"),
                policy=reading.choice(keys.get("policy"), "cache:policy", policies),
                when=reading.choice(keys.get("when"), "cache:when", _WHEN),
                unprotect=reading.boolean(keys.get("unprotect"), "cache:unprotect"),
                fallback_keys=fallback,
            )
        )
    return tuple(result)


def _cache_key(node: Node | None, reading: Reading) -> CacheKey:
    if node is None or not isinstance(node.value, dict):
        return CacheKey(reading.text(node, "cache:key"))
    keys = reading.keys(node, "cache:key", ("files", "files_commits", "prefix"))
    files = keys.get("files", keys.get("files_commits"))
    if files is None:
        reading.wrong(node, "cache:key", "a text, or hold `files`")
    elif len(items(files)) > 2:
        reading.wrong(files, "cache:key:files", "at most 2 files")
    prefix = keys.get("prefix")
    return CacheKey(
        files=reading.texts(files, "cache:key:files"),
        prefix=as_text(prefix) if prefix is not None else None,
    )


def hooks(node: Node | None, reading: Reading) -> tuple[dict[str, Any], ...]:
    known = ("pre_get_sources_script", "post_get_sources_script")
    return tuple(
        {"name": name, "script": list(commands(item, f"hooks:{name}", reading))}
        for name, item in reading.keys(node, "hooks", known).items()
    )


_ENVIRONMENT = ("name", "url", "action", "on_stop", "auto_stop_in", "deployment_tier",
                "kubernetes", "resource_group")  # fmt: skip
_ACTIONS = ("start", "prepare", "stop", "verify", "access")


def environment(node: Node | None, reading: Reading) -> Environment | None:
    if node is None or node.value is None:
        return None
    if not isinstance(node.value, dict):
        return Environment(reading.text(node, "environment"))
    keys = reading.keys(node, "environment", _ENVIRONMENT)
    if "name" not in keys:
        reading.wrong(node, "environment", "a name, or hold `name`")
    return Environment(
        name=reading.text(keys.get("name"), "environment:name"),
        url=reading.text(keys.get("url"), "environment:url"),
        action=reading.choice(keys.get("action"), "environment:action", _ACTIONS),
        tier=reading.text(keys.get("deployment_tier"), "environment:deployment_tier"),
    )
