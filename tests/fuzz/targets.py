"""What is fuzzed: each target makes a case by dice and plays it; Broken says what must not be.

A case is bytes: one that broke something is kept as a file in `corpus/`, and played for ever.
"""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import json
import re
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import tomlkit

from fuzz import mutate
from podlane.core.job.payload import parse_job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.plan.model import JobPlan
from podlane.core.plan.resolve import with_inputs
from podlane.core.pod.manifests import Manifests, build_manifests
from podlane.core.text import token
from podlane.core.trace.limit import Limit
from podlane.core.trace.stream import SCRIPT, TraceStream
from podlane.errors import ConfigError, JobRefused
from podlane.helper import archive
from podlane.manager.config_file import check_text

GOLDEN = Path(__file__).parents[1] / "golden"
SECRET = "glcbt-64_never-to-be-seen"
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class Broken(AssertionError):
    """Something that no input may bring about."""


@dataclass(frozen=True)
class Target:
    """`make` draws a case, `play` plays it: it returns, or raises anything but what is allowed."""

    make: Callable[[Random], bytes]
    play: Callable[[bytes], None]


# payload → plan and manifests


@functools.cache
def _golden() -> tuple[tuple[str, str], ...]:
    """The texts of job and config of each golden case whose config can be read."""
    found = []
    for path in sorted(GOLDEN.glob("*/job.json")):
        found.append((path.read_text(), (path.parent / "config.toml").read_text()))
    return tuple(found)


def _make_payload(dice: Random) -> bytes:
    job, config = dice.choice(_golden())
    changed = mutate.tree(dice, json.loads(job))
    if isinstance(changed, dict):
        changed["token"] = SECRET
    return json.dumps([changed, config]).encode()


def _play_payload(case: bytes) -> None:
    payload, config = json.loads(case)
    runners = check_text(config, GOLDEN, {}).config.runners
    if not runners:
        return
    context = RunnerContext(
        runner=runners[0],
        installation="fuzz",
        system_id="s_1",
        version="0",
        info={},
        helper_image="podlane:1",
    )
    try:
        job = with_inputs(parse_job(json.dumps(payload).encode()), context)
        plan = make_plan(job, context)
        manifests = build_manifests(plan, job, context)
    except JobRefused as refusal:
        _hidden(f"{refusal} {refusal.hint}")
        return
    if token.decode(token.encode_revealed(plan), JobPlan) != plan:
        raise Broken("the plan is another one when it is read again")
    _check_manifests(manifests)


def _check_manifests(found: Manifests) -> None:
    text = json.dumps(found.pod)
    _hidden(text)
    for manifest in (found.pod, found.record, *found.extra):
        if not _NAME.fullmatch(manifest["metadata"]["name"]):
            raise Broken(f"no name: {manifest['metadata']['name']!r}")
        for value in manifest["metadata"]["labels"].values():
            if not _LABEL.fullmatch(value):
                raise Broken(f"no value of a label: {value!r}")
    if found.pod["spec"]["containers"][0]["name"] != "helper":
        raise Broken("the first container is not the helper")


def _hidden(text: str) -> None:
    if SECRET in text:
        raise Broken("the job's token is shown")


# config.toml


def _make_config(dice: Random) -> bytes:
    _, text = dice.choice(_golden())
    if dice.random() < 0.3:
        return mutate.cut(dice, text.encode())
    changed = mutate.tree(dice, tomllib.loads(text))
    runners = changed.get("runners") if isinstance(changed, dict) else None
    for runner in runners if isinstance(runners, list) else ():
        if isinstance(runner, dict):
            runner["token"] = SECRET
    try:
        made = tomlkit.dumps(changed) if isinstance(changed, dict) else str(changed)
    except (TypeError, ValueError):  # no TOML can hold it, such as null
        made = text[: dice.randint(0, len(text))]
    return made.encode("utf-8", "replace")


def _play_config(case: bytes) -> None:
    text = case.decode("utf-8", "replace")
    try:
        checked = check_text(text, GOLDEN, {})
    except ConfigError:
        return
    for note in checked.notes:
        if SECRET in note.text:
            raise Broken("a runner's token stands in a note")


# archives


@functools.cache
def _archives() -> tuple[bytes, ...]:
    found = []
    for form in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", form) as file:
            file.writestr("a/b.txt", b"text " * 40)
            file.writestr("c", b"")
            link = zipfile.ZipInfo("l")
            link.external_attr = 0o120777 << 16
            file.writestr(link, "a/b.txt")
        found.append(made.getvalue())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "d").mkdir()
        (folder / "d/f").write_bytes(b"text " * 40)
        archive.pack(folder / "x", folder, ["d", "d/f"], format="tarzstd")
        found.append((folder / "x").read_bytes())
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("x"))
    return (*found, made.getvalue())


def _make_archive(dice: Random) -> bytes:
    return mutate.cut(dice, dice.choice(_archives()))


def _play_archive(case: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="podlane-fuzz-") as name:
        outer = Path(name)
        project = outer / "deep/project"
        project.mkdir(parents=True)
        (outer / "x").write_bytes(case)
        with contextlib.suppress(archive.BadArchive, OSError):
            archive.unpack(outer / "x", project)
        seen = sorted(
            str(one.relative_to(outer)) for one in [*outer.iterdir(), *(outer / "deep").iterdir()]
        )
        if seen != ["deep", "deep/project", "x"]:
            raise Broken(f"written outside the project: {seen}")


# the trace


def _make_trace(dice: Random) -> bytes:
    words = [
        SECRET,
        SECRET[:7],
        SECRET[5:],
        "\n",
        "\r",
        "::add-mask::",
        "ü",
        "x" * 50,
        "glpat-",
        "\x1b[0;m",
    ]
    text = "".join(dice.choices(words, k=dice.randint(1, 12))).encode()
    text = mutate.cut(dice, text) if dice.random() < 0.4 else text
    cuts = sorted(dice.randint(0, len(text)) for _ in range(dice.randint(0, 6)))
    return msgspec.json.encode([text.hex(), cuts, dice.random() < 0.5])


def _play_trace(case: bytes) -> None:
    given, cuts, is_stamped = msgspec.json.decode(case)
    text = bytes.fromhex(given)
    whole, pieces = _traced([text], is_stamped), _traced(_pieces(text, cuts), is_stamped)
    # an open line gets its header when it is shown; a mask counts for all that is not out yet
    is_same_by_right = not is_stamped and b"::add-mask::" not in text
    if whole != pieces and is_same_by_right:
        raise Broken("the trace depends on how it was cut")
    if SECRET.encode() in whole:
        raise Broken("a secret stands in the trace")
    whole.decode()


def _pieces(text: bytes, cuts: list[int]) -> list[bytes]:
    ends = [0, *(cut for cut in cuts if cut <= len(text)), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(ends)]


def _traced(pieces: list[bytes], is_stamped: bool) -> bytes:
    stream = TraceStream([SECRET], ["glpat-"], Limit(1 << 20), with_timestamps=is_stamped)
    out = b"".join(stream.feed(SCRIPT, piece, 0.0) for piece in pieces)
    return out + stream.flush(0.0)


TARGETS: dict[str, Target] = {
    "payload": Target(_make_payload, _play_payload),
    "config": Target(_make_config, _play_config),
    "archive": Target(_make_archive, _play_archive),
    "trace": Target(_make_trace, _play_trace),
}


def play(name: str, case: bytes) -> Any:
    return TARGETS[name].play(case)
