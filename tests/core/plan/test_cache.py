"""A cache key becomes a path and an object that stay where they belong."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.config.cache import CacheConfig
from podlane.core.config.model import RunnerConfig
from podlane.core.job.payload import Cache, GitInfo, Job, JobInfo, Variable
from podlane.core.plan import cache, objects
from podlane.core.plan.cache_keys import caches, sanitised
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import CacheRestore, CacheSave
from podlane.core.plan.resolve import resolve
from podlane.core.plan.store import Shelf, Signed, StoreObject
from podlane.core.text.token import Token


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("plain", "plain"),
        ("job/main", "job/main"),
        ("a//b/./c/", "a/b/c"),
        ("../../etc", "etc"),
        ("a/../../b", "b"),
        ("..%2f..%2Fetc", "etc"),
        ("%2e%2e/%2E./x", "x"),
        ("a\\b", "a/b"),
        ("key  ", "key"),
        ("key/ \t\n", "key"),
        ("..", ""),
        ("/", ""),
        (" ", ""),
        ("", ""),
        ("with space/in it", "with space/in it"),
        (".\0./.\0./x", "x"),
        ("\0", ""),
    ],
)
def test_table(key: str, path: str) -> None:
    assert sanitised(key) == path


@given(st.text(alphabet=st.sampled_from("ab./\\% 2eEfF\n\0"), max_size=40))
def test_no_key_leaves_its_folder(key: str) -> None:
    path = sanitised(key)
    assert not path.startswith("/")
    assert ".." not in path.split("/")
    assert "\0" not in path
    assert sanitised(path) == path


def _hash(text: str) -> str:
    found = hashlib.sha256(text.encode()).hexdigest()
    return f"{found[:2]}/{found}"


def _job(variables: dict[str, str], **fields: Any) -> Job:
    return Job(
        id=1,
        token=Token("t"),
        job_info=JobInfo(name="test", project_id=7),
        git_info=GitInfo(ref="main"),
        variables=tuple(Variable(key=key, value=value) for key, value in variables.items()),
        cache=(Cache(paths=("p",), **fields),),
    )


def _context(**settings: Any) -> RunnerContext:
    flags = {"FF_HASH_CACHE_KEYS": True} if settings.pop("is_hashed", False) else {}
    runner = RunnerConfig(
        url="https://gitlab.test",
        token=Token("glrt-abcdefghijkl"),
        feature_flags=flags,
        cache=CacheConfig(type="s3", **settings),
    )
    return RunnerContext(runner, "i", "s", "0", {})


def _wanted(job: Job, context: RunnerContext) -> dict[str, str]:
    found = objects.wanted(job, context, resolve(job, context))
    return {one.name: "r" * one.is_read + "w" * one.is_written for one in found}


def _parts(job: Job, context: RunnerContext) -> tuple[CacheRestore | None, CacheSave | None]:
    """The plan's parts, when the store holds all that is wanted ready."""
    ground = resolve(job, context)
    ready = {
        one.name: StoreObject(
            one.name,
            get=Signed(Token("get")) if one.is_read else None,
            put=Signed(Token("put")) if one.is_written else None,
        )
        for one in objects.wanted(job, context, ground)
    }
    context = msgspec.structs.replace(context, shelf=Shelf(ready))
    found = caches(job, ground)
    restore = cache.restore(found, job, context, ground)
    save = cache.save(found, job, context, ground)
    return restore[0] if restore else None, save[0] if save else None


@pytest.mark.parametrize(
    ("settings", "prefix"),
    [
        ({}, "runner/abcdefghi/project/7/"),
        ({"shared": True}, "project/7/"),
        ({"path": "a/b/"}, "a/b/runner/abcdefghi/project/7/"),
        ({"path": "a", "shared": True}, "a/project/7/"),
        ({"path": "a//./b", "shared": True}, "a/b/project/7/"),
    ],
)
def test_the_prefix_of_objects(settings: dict[str, Any], prefix: str) -> None:
    job, context = _job({}, key="k"), _context(**settings)
    assert objects.object_prefix(job, context.runner) == prefix
    assert _wanted(job, context) == {f"{prefix}k": "rw", f"{prefix}{_hash('k')}": "r"}


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"key": "k"}, {"k": "rw", _hash("k"): "r"}),
        ({"key": "k", "policy": "pull"}, {"k": "r", _hash("k"): "r"}),
        ({"key": "k", "policy": "push"}, {"k": "rw"}),
        ({"key": ""}, {"test/main": "rw", _hash("test/main"): "r"}),
        ({"key": "a/../b "}, {"b": "rw", _hash("a/../b "): "r"}),
        ({"key": "../.."}, {}),
        ({"key": "k", "fallback_keys": ("k", "f")}, {"k": "rw", "f": "r"}),
        ({"key": "$NAME"}, {"named": "rw", _hash("named"): "r"}),
    ],
)
def test_objects_by_their_own_name(fields: dict[str, Any], names: dict[str, str]) -> None:
    found = _wanted(_job({"NAME": "named"}, **fields), _context(shared=True))
    short = {name.removeprefix("project/7/"): mode for name, mode in found.items()}
    assert names.items() <= short.items()
    assert "w" not in "".join(mode for name, mode in short.items() if name not in names)
    assert all(".." not in name.split("/") for name in short)


def test_objects_by_their_hash() -> None:
    job = _job({}, key="../..", fallback_keys=("f",))
    found = _wanted(job, _context(shared=True, is_hashed=True))
    assert found == {
        f"project/7/{_hash('../..')}": "rw",
        f"project/7/{_hash('f')}": "r",
        "project/7/f": "r",
    }
    restore, save = _parts(job, _context(shared=True, is_hashed=True))
    assert save
    assert restore
    assert (save.key.name, save.key.path) == ("../..", _hash("../..")[3:])
    assert [len(key.objects) for key in restore.keys] == [1, 2]


def test_each_part_of_the_plan_gets_what_it_may_do() -> None:
    restore, save = _parts(_job({}, key="k"), _context(shared=True))
    assert restore
    assert save
    assert [one.name for one in restore.keys[0].objects] == [
        "project/7/k",
        f"project/7/{_hash('k')}",
    ]
    assert not any(one.put or one.pieces for one in restore.keys[0].objects)
    assert [(one.name, one.get) for one in save.key.objects] == [("project/7/k", None)]
    restore, save = _parts(_job({}, key="k", policy="push"), _context(shared=True))
    assert restore is None
    assert save
    assert all(one.get and one.put for one in save.key.objects)  # to see what is there already


@pytest.mark.parametrize(("flag", "paths"), [("true", ("p",)), ("false", ()), ("", ())])
def test_what_a_failed_extract_leaves_is_cleaned(flag: str, paths: tuple[str, ...]) -> None:
    job = _job({"FF_CLEAN_UP_FAILED_CACHE_EXTRACT": flag}, key="k")
    restore, _ = _parts(job, _context(shared=True))
    assert restore
    assert restore.clean_paths == paths


@pytest.mark.parametrize("is_hashed", [False, True])
@pytest.mark.parametrize(
    ("fallback", "is_tried"),
    [
        ("other", True),
        ("other-non_protected", True),
        ("x-protected", False),
        ("x-protected/", False),
        ("x-protected. ", False),
        ("y/../x-protected", False),
        ("x-protected%2f..%2fx-protected", False),
        (_hash("x-protected"), False),
        (_hash("x-protected")[3:], False),
        (f"./{_hash('x-protected')}/ ", False),
    ],
)
def test_the_last_fallback_never_reaches_a_protected_cache(
    fallback: str, is_tried: bool, is_hashed: bool
) -> None:
    job = _job({"CACHE_FALLBACK_KEY": fallback}, key="k")
    found = _wanted(job, _context(shared=True, is_hashed=is_hashed))
    assert len(found) == (4 if is_tried else 2)
    reached = {name.removeprefix("project/7/") for name in found}
    assert not reached & {"x-protected", _hash("x-protected")}


@given(st.text(alphabet=st.sampled_from("ab./\\%2eF \0"), max_size=20), st.booleans())
def test_no_object_leaves_its_project(key: str, is_hashed: bool) -> None:
    job = _job({"CACHE_FALLBACK_KEY": key}, key=key, fallback_keys=(f"../{key}",))
    for name in _wanted(job, _context(path="p", is_hashed=is_hashed)):
        assert name.startswith("p/runner/abcdefghi/project/7/")
        assert not {"..", "", "."} & set(name.split("/"))


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, (600.0, 1, "zip", "default")),
        (
            {
                "CACHE_REQUEST_TIMEOUT": "3",
                "RESTORE_CACHE_ATTEMPTS": "4",
                "CACHE_COMPRESSION_FORMAT": "TarZstd",
                "CACHE_COMPRESSION_LEVEL": "fastest",
            },
            (180.0, 4, "tarzstd", "fastest"),
        ),
        (
            {
                "CACHE_REQUEST_TIMEOUT": "soon",
                "RESTORE_CACHE_ATTEMPTS": "11",
                "CACHE_COMPRESSION_FORMAT": "rar",
                "CACHE_COMPRESSION_LEVEL": "9",
            },
            (600.0, 1, "zip", "default"),
        ),
    ],
)
def test_variables_steer(variables: dict[str, str], asked: tuple[object, ...]) -> None:
    restore, save = _parts(_job(variables, key="k"), _context(max_uploaded_archive_size=9))
    assert restore
    assert save
    found = (restore.timeout_seconds, restore.attempts, save.format, save.level)
    assert found == asked
    assert (save.timeout_seconds, save.size_limit) == (asked[0], 9)


@pytest.mark.parametrize(("word", "paths"), [("1", ("p",)), ("0", ())])
def test_what_a_failed_restore_removes(word: str, paths: tuple[str, ...]) -> None:
    restore, _ = _parts(_job({"FF_CLEAN_UP_FAILED_CACHE_EXTRACT": word}, key="k"), _context())
    assert restore
    assert restore.clean_paths == paths


@pytest.mark.parametrize(
    ("flag", "limit", "wants"),
    [
        ("", 0, False),
        ("", 5 * 1024**3, False),
        ("", 5 * 1024**3 + 1, True),
        ("true", 0, True),
        ("false", 0, False),
    ],
)
def test_when_an_upload_in_pieces_is_opened(flag: str, limit: int, wants: bool) -> None:
    variables = {"FF_USE_PARALLEL_CACHE_TRANSFER": flag} if flag else {}
    job, context = _job(variables, key="k"), _context(max_uploaded_archive_size=limit)
    asked = objects.ask(job, context, resolve(job, context), 5.0)
    assert asked.with_pieces is wants
    assert (asked.size_limit, asked.window.now) == (limit, 5.0)


def test_how_long_objects_are_needed() -> None:
    """The time-out, the start of the pod, and a quarter of an hour for the upload."""
    job, context = _job({}, key="k"), _context()
    asked = objects.ask(job, context, resolve(job, context), 0)
    assert asked.window.seconds == 7200 + 180 + 900
