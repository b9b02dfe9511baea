"""`register`'s flags for a runner's settings, made from the fields of the model.

gitlab-runner's names: `--kubernetes-cpu-limit` with KUBERNETES_CPU_LIMIT. Some of its flags keep
underscores, so they are taken for dashes. Tables in lists (volumes) need a template.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, get_args, get_origin

import click
import msgspec

from podlane.cli.command import RareOption, help_all_option
from podlane.cli.complete import words
from podlane.cli.moot_flags import moot_options
from podlane.core.config.cache import MOVED
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.model import RunnerConfig
from podlane.core.config.recognise import struct_of
from podlane.core.text.token import Token
from podlane.errors import ConfigError

F = TypeVar("F", bound=Callable[..., Any])
Keys = tuple[str, ...]

# fields that register asks for itself, fills in itself, or that no flag can hold
_OWN = {
    "url",
    "token",
    "name",
    "id",
    "executor",
    "token_obtained_at",
    "token_expires_at",
    "kubernetes",
    "podlane",
    "labels",
}
_FLAGS: dict[Keys, str] = {("environment",): "env"}
_ENVIRONMENT: dict[Keys, str] = {
    ("environment",): "RUNNER_ENV",
    ("clone_url",): "CLONE_URL",
    ("feature_flags",): "FEATURE_FLAGS",
    ("tls-ca-file",): "CI_SERVER_TLS_CA_FILE",
    ("tls-cert-file",): "CI_SERVER_TLS_CERT_FILE",
    ("tls-key-file",): "CI_SERVER_TLS_KEY_FILE",
    ("kubernetes", "context"): "KUBECTL_CONTEXT",
    ("custom_build_dir", "enabled"): "CUSTOM_BUILD_DIR_ENABLED",
    ("kubernetes", "retry_backoff_max"): "KUBERNETES_REQUEST_RETRY_BACKOFF_MAX",
    ("cache", "MaxUploadedArchiveSize"): "CACHE_MAXIMUM_UPLOADED_ARCHIVE_SIZE",
    ("cache", "gcs", "CredentialsFile"): "GOOGLE_APPLICATION_CREDENTIALS",
}
_MOVED = {("cache", name) for name in MOVED}  # their place of old has no flags


_EVERYDAY = {
    ("tls-ca-file",),
    ("limit",),
    ("kubernetes", "namespace"),
    ("kubernetes", "image"),
    ("kubernetes", "cpu_limit"),
    ("kubernetes", "memory_limit"),
}


def identity_options(command: F) -> F:
    """Take what tells a runner: where, by which token, its name."""
    for option in (
        click.option(
            "--executor",
            envvar="RUNNER_EXECUTOR",
            default="",
            metavar="NAME",
            shell_complete=words("kubernetes"),
            help="What jobs run in: kubernetes.",
        ),
        click.option(
            "--name",
            "--description",
            envvar="RUNNER_NAME",
            default="",
            metavar="NAME",
            help="Its name, in logs and in GitLab.",
        ),
        click.option(
            "-t",
            "--token",
            envvar="CI_SERVER_TOKEN",
            default="",
            metavar="TOKEN",
            help="The runner's token, glrt-…",
        ),
        click.option(
            "-u",
            "--url",
            envvar="CI_SERVER_URL",
            default="",
            metavar="URL",
            help="GitLab's address.",
        ),
    ):
        command = option(command)
    return command


def dashes(name: str) -> str:
    """Click's hook: every flag is known by both spellings."""
    return name.replace("_", "-")


class Flag(msgspec.Struct, frozen=True):
    """One setting: its path in the runner's table, in the model, and what its value is made of."""

    keys: Keys
    names: Keys
    kind: str  # "text", "number", "bool", "list", "map" or "bools"

    @property
    def parameter(self) -> str:
        return "setting_" + "_".join(self.names)

    @property
    def option(self) -> str:
        return f"--{_FLAGS.get(self.keys, _dashed(self.names))}"

    @property
    def environment(self) -> str:
        return _ENVIRONMENT.get(self.keys, _environment(self.names))


def _flags(struct: type[msgspec.Struct], keys: Keys = (), names: Keys = ()) -> Iterator[Flag]:
    for field in msgspec.structs.fields(struct):
        inner = (*keys, field.encode_name), (*names, field.name)
        if (not keys and field.name in _OWN) or inner[1] in _MOVED:
            continue
        if table := struct_of(field.type):
            yield from _flags(table, *inner)
        elif kind := _kind(field.type):
            yield Flag(*inner, kind)


def _kind(declared: Any) -> str:
    if get_origin(declared) in (types.UnionType,):
        declared = next(part for part in get_args(declared) if part is not type(None))
    if declared in (str, Token):
        return "text"
    simple = {int: "number", bool: "bool"}.get(declared, "")
    if simple:
        return simple
    if declared in (tuple[str, ...], tuple[int, ...]):
        return "list"
    return {dict[str, str]: "map", dict[str, bool]: "bools"}.get(declared, "")


FLAGS = (*_flags(RunnerConfig), *_flags(KubernetesConfig, ("kubernetes",), ("kubernetes",)))


def setting_options(command: F) -> F:
    """Take every flag of a runner's settings."""
    command = help_all_option(moot_options(command))
    for flag in reversed(FLAGS):
        command = click.option(
            flag.option,
            flag.parameter,
            cls=_Everyday if flag.keys in _EVERYDAY else _Rare,
            envvar=flag.environment,
            multiple=flag.kind in ("list", "map", "bools"),
            metavar=_METAVARS[flag.kind],
            default=None,
            **_FLAG_TYPES.get(flag.kind, {}),
        )(command)
    return command


class _Everyday(click.Option):
    """Its help is what is told of the key, read only when it is asked for."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        if not self.help:
            self.help = _told(next(one for one in FLAGS if one.parameter == self.name))
        return super().get_help_record(ctx)


class _Rare(RareOption, _Everyday):
    pass


def _told(flag: Flag) -> str:
    """The first sentence that the reference has of the key."""
    from podlane.core.config.explain import entries

    table = ".".join(("runners", *flag.keys[:-1]))
    text = entries()[table][flag.keys[-1]].text
    return _SENTENCE.split(text, maxsplit=1)[0].rstrip(".") + "."


_SENTENCE = re.compile(r"(?<=\w[\w)`])\. (?=[A-Z])")
_METAVARS = {
    "text": "TEXT",
    "number": "NUMBER",
    "bool": "[true|false]",
    "list": "TEXT",
    "map": "KEY=VALUE",
    "bools": "NAME:[true|false]",
}
_FLAG_TYPES: dict[str, dict[str, Any]] = {
    "number": {"type": int},
    "bool": {"type": bool, "is_flag": False, "flag_value": True},
}


def settings(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a runner's table that the flags and their variables ask for."""
    table: dict[str, Any] = {}
    for flag in FLAGS:
        value = parameters.get(flag.parameter)
        if value is None or value == ():
            continue
        inner = table
        for key in flag.keys[:-1]:
            inner = inner.setdefault(key, {})
        inner[flag.keys[-1]] = _value(flag, value)
    return table


def _value(flag: Flag, value: Any) -> Any:
    if flag.kind == "list":
        whole = flag.keys[-1] == "supplemental_groups"
        return [int(item) if whole else item for item in value]
    if flag.kind == "bools":
        pairs = [_pair(flag, item, ":") for item in value]
        return {key: text.lower() == "true" for key, text in pairs}
    if flag.kind == "map":
        # a toleration is `key=value:effect`, where `key=value` is the key
        last = ":" if flag.keys[-1] == "node_tolerations" else ""
        return dict(_pair(flag, item, last) for item in value)
    return value


def _pair(flag: Flag, item: str, separator: str) -> tuple[str, str]:
    if not separator:
        found = [sign for sign in item if sign in "=:"]
        separator = found[0] if found else "="
    key, sign, value = item.rpartition(separator) if separator == ":" else item.partition("=")
    if not sign or not key:
        raise ConfigError(f"`{flag.option}` takes {_METAVARS[flag.kind]}", reference="usage")
    return key.strip(), value.strip()


def _dashed(names: Keys) -> str:
    return "-".join(names).replace("_", "-")


def _environment(names: Keys) -> str:
    name = "_".join(names).upper()
    return name if names[0] in ("kubernetes", "cache") else f"RUNNER_{name}"
