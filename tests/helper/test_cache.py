"""Caches in an object store, in whole jobs, with a real S3 server."""

from __future__ import annotations

import json
import os
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from harness import wait
from harness.http_server import Call, Said, serve
from helper.rig import Rig
from helper.test_job import plain
from podlane.core.plan.model import CacheKey, CacheRestore, CacheSave, EnvVariable
from podlane.core.plan.store import Signed, StoreObject
from podlane.core.text.token import Token
from stores.fixtures import one_s3 as _one_s3
from stores.s3 import S3

one_s3 = _one_s3


@pytest.fixture
def name(tmp_path: Path) -> str:
    """An object that no other test has."""
    return f"project/42/{tmp_path.name}"


def key(name: str, *objects: StoreObject) -> CacheKey:
    return CacheKey(name, name, objects)


def put_zip(server: S3, name: str, **files: str) -> None:
    path = server.folder / "made.zip"
    with zipfile.ZipFile(path, "w") as made:
        for inner, text in files.items():
            made.writestr(f"kept/{inner}", text)
    server.ask("PUT", name, body=path.read_bytes())


def archive_of(rig: Rig, name: str = "main") -> Path:
    return Path(rig.plan.places.cache) / name / "cache.zip"


async def test_saved_and_what_was_saved(rig: Rig, one_s3: S3, name: str) -> None:
    one = one_s3.store_object(name)
    rig.change(save=(CacheSave(key("main", one), ("kept/",)),))
    rig.script("mkdir kept; echo text > kept/file; chmod 755 kept/file")
    await rig.run()
    shown = plain(rig.trace)
    assert "Creating cache main...\nkept/: found 2 matching" in shown
    assert re.search(
        rf"Packed 2 files, 5 B, into \d+ B in .*\nUploaded \d+ B to {one_s3.host} in ", shown
    )
    assert "Created cache\n" in shown
    held = one_s3.ask("GET", name)
    assert held == archive_of(rig).read_bytes()
    assert one.put
    assert one.put.url.reveal() not in rig.trace
    assert "X-Amz" not in rig.trace
    # no later than the object, so that the next job on this volume need not load it again
    modified = one_s3.tell("HEAD", name)[1]["last-modified"]
    assert (
        archive_of(rig).stat().st_mtime
        >= time.mktime(time.strptime(modified, "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
    )


async def test_restored(rig: Rig, one_s3: S3, name: str) -> None:
    put_zip(one_s3, name, file="from the store\n")
    absent, there = (one_s3.store_object(one) for one in (f"{name}-none", name))
    rig.change(restore=(CacheRestore((key("main", absent), key("old", there))),))
    rig.script("cat kept/file")
    await rig.run()
    shown = plain(rig.trace)
    assert "\nfrom the store\n" in shown
    first = "Checking cache for main...\nNo cache under this key\nWARNING: Failed to extract cache"
    assert f"{first}\nChecking cache for old...\nDownloaded " in shown
    assert f"from {one_s3.host} in " in shown
    assert "Extracted 1 file, 15 B, in 0.0 s\nSuccessfully extracted cache\n" in shown
    assert "X-Amz" not in rig.trace


async def test_the_newest_of_several_objects(rig: Rig, one_s3: S3, name: str) -> None:
    put_zip(one_s3, f"{name}-new", file="the old one\n")
    old, new = f"{name}-new", f"{name}-old"  # the names mislead
    first = one_s3.tell("HEAD", old)[1]["last-modified"]
    while one_s3.tell("HEAD", new)[1].get("last-modified", first) == first:
        put_zip(one_s3, new, file="the new one\n")
    objects = [one_s3.store_object(one) for one in (old, new, f"{name}-none")]
    rig.change(restore=(CacheRestore((key("main", *objects),)),))
    rig.script("cat kept/file")
    await rig.run()
    assert "\nthe new one\n" in plain(rig.trace)


async def test_what_has_not_changed_is_not_sent_again(rig: Rig, one_s3: S3, name: str) -> None:
    put_zip(one_s3, name, file="same\n")
    before = one_s3.tell("HEAD", name)[1]["last-modified"]
    one = one_s3.store_object(name)
    rig.change(
        restore=(CacheRestore((key("main", one),)),),
        save=(CacheSave(key("main", one), ("kept/*",)),),
    )
    rig.script("touch -d 2031-01-01 kept/file; chmod 600 kept/file")
    await rig.run()
    assert "Archive is up to date!\n" in plain(rig.trace)
    assert one_s3.tell("HEAD", name)[1]["last-modified"] == before


async def test_what_somebody_else_has_replaced_is_sent(rig: Rig, one_s3: S3, name: str) -> None:
    put_zip(one_s3, name, file="same\n")
    one = one_s3.store_object(name)
    rig.change(
        restore=(CacheRestore((key("main", one),)),),
        save=(CacheSave(key("main", one), ("kept/*",)),),
    )
    rig.script("chmod 600 kept/file; echo ready; until [ -e go ]; do sleep 0.1; done")
    await rig.start()
    await rig.until_trace("ready")
    put_zip(one_s3, name, file="another\n")
    (rig.project / "go").touch()
    await rig.end()
    shown = plain(rig.trace)
    assert "Packed " not in shown  # the archive that is there will do
    assert "Uploaded " in shown
    assert one_s3.ask("GET", name) == archive_of(rig).read_bytes()


@pytest.mark.parametrize("form", ["zip", "tarzstd", "zipzstd"])
async def test_a_job_that_only_pushes(
    rig: Rig, one_s3: S3, name: str, form: Literal["zip", "tarzstd", "zipzstd"]
) -> None:
    """No archive is at hand: the end of the object tells."""
    one = one_s3.store_object(name)
    keys = (CacheKey(path, path, (one,)) for path in "ab")
    rig.change(save=tuple(CacheSave(key, ("kept/",), format=form) for key in keys))
    rig.script("mkdir -p kept; echo text > kept/file; ln -s file kept/link")
    await rig.run()
    shown = plain(rig.trace)
    assert shown.count("Uploaded ") == 1, shown
    assert shown.count("Archive is up to date!") == 1
    assert not archive_of(rig, "b").exists()


async def test_local_archive_that_is_as_new_is_used(rig: Rig, one_s3: S3, name: str) -> None:
    put_zip(one_s3, name, file="from the store\n")
    local = archive_of(rig)
    local.parent.mkdir(parents=True)
    with zipfile.ZipFile(local, "w") as made:
        made.writestr("kept/file", "from the folder\n")
    rig.change(restore=(CacheRestore((key("main", one_s3.store_object(name)),)),))
    rig.script("cat kept/file")
    await rig.run()
    shown = plain(rig.trace)
    assert "\nfrom the folder\n" in shown
    assert "cache.zip is up to date. Extracted 1 file" in shown


async def test_local_archive_that_is_older_is_replaced(rig: Rig, one_s3: S3, name: str) -> None:
    put_zip(one_s3, name, file="from the store\n")
    local = archive_of(rig)
    local.parent.mkdir(parents=True)
    local.write_bytes(b"old")
    os.utime(local, (1e9, 1e9))
    rig.change(restore=(CacheRestore((key("main", one_s3.store_object(name)),)),))
    rig.script("cat kept/file")
    await rig.run()
    assert "\nfrom the store\n" in plain(rig.trace)
    assert [path.name for path in sorted(local.parent.iterdir())] == ["cache.zip", "metadata.json"]


async def test_no_shared_cache(rig: Rig) -> None:
    rig.change(
        restore=(CacheRestore((key("main"),)),), save=(CacheSave(key("main"), ("hello.txt",)),)
    )
    await rig.run()
    shown = plain(rig.trace)
    assert "No cache under this key\nWARNING: Failed to extract cache\n" in shown
    assert "This job has no shared cache ([runners.cache])" in shown
    assert "Created cache\n" in shown


async def test_too_large_to_upload(rig: Rig, one_s3: S3, name: str) -> None:
    one = one_s3.store_object(name)
    rig.change(save=(CacheSave(key("main", one), ("hello.txt",), size_limit=50),))
    await rig.run()
    shown = plain(rig.trace)
    assert "is too big (MaxUploadedArchiveSize is 50)" in shown
    assert archive_of(rig).exists()
    assert one_s3.tell("HEAD", name)[0] == 404


async def test_a_key_that_failed_is_cleaned_up(rig: Rig, one_s3: S3, name: str) -> None:
    one_s3.ask("PUT", name, body=b"no archive at all")
    one = one_s3.store_object(name)
    item = CacheRestore((key("main", one),), clean_paths=("$WHERE/", "nothing/"))
    rig.change(restore=(item,))
    rig.script("ls sub | wc -l")
    rig.change(variables=(*rig.plan.variables, EnvVariable("WHERE", "sub")))
    await rig.run()
    shown = plain(rig.trace)
    assert "WARNING: The cache main was refused: it is no archive" in shown
    assert "The cache's paths were removed" in shown
    assert not (rig.project / "sub").exists()
    assert not archive_of(rig).exists()


@pytest.mark.parametrize("has_failed", [False, True])
async def test_what_the_manager_opened_is_closed(
    rig: Rig, one_s3: S3, name: str, has_failed: bool
) -> None:
    """A multipart upload that is not needed: the archive is small, or not to be saved at all."""
    one = one_s3.store_object(name, pieces=one_s3.parts(name, 2))
    rig.change(save=(CacheSave(key("main", one), ("hello.txt",)),))
    rig.script("exit 1" if has_failed else "true")
    await rig.run()
    assert b"<UploadId>" not in one_s3.uploads()
    assert one_s3.tell("HEAD", name)[0] == (404 if has_failed else 200)


async def test_a_link_that_has_expired(rig: Rig, one_s3: S3, name: str) -> None:
    """As stores say it; moto's server does not look at the time."""
    gone = StoreObject(
        name, 1e9, get=Signed(Token(f"{one_s3.url}/no-such-bucket/{name}?X-Amz-Signature=secret"))
    )
    rig.change(restore=(CacheRestore((key("main", gone),)),))
    await rig.run()
    assert rig.job.state == "success"
    assert "secret" not in rig.trace
    assert "Failed to extract cache\n" in plain(rig.trace)


async def test_a_job_that_gitlab_took_away_leaves_no_upload_open(
    rig: Rig, one_s3: S3, name: str
) -> None:
    one = one_s3.store_object(name, pieces=one_s3.parts(name, 2))
    rig.change(save=(CacheSave(key("main", one), ("hello.txt",)),))
    rig.script("echo ready; sleep 60")
    await rig.start()
    await rig.until_trace("ready")
    rig.coordinator.force_cancel(rig.job.id)
    await rig.end()
    assert b"<UploadId>" not in one_s3.uploads()
    assert one_s3.tell("HEAD", name)[0] == 404


async def test_cancel_ends_a_transfer_at_once(rig: Rig, name: str) -> None:
    """The store never answers; the job's author presses cancel."""
    ends = threading.Event()

    def never(call: Call) -> Said:
        ends.wait(30)
        return Said()

    with serve(never) as store:
        one = StoreObject(name, get=Signed(Token(f"{store.url}/{name}?secret")))
        rig.change(restore=(CacheRestore((key("main", one),)),))
        await rig.start()
        await rig.until_trace("Checking cache for main")
        await wait.until("a question to the store", lambda: bool(store.calls))
        rig.coordinator.cancel(rig.job.id)
        await rig.end()
        ends.set()
    assert rig.job.state == "canceled", plain(rig.trace)
    assert "step_script" not in rig.trace
    assert "secret" not in rig.trace


async def test_a_transfer_may_take_so_long(rig: Rig, name: str) -> None:
    """A store that sends a byte now and then is not silent, but slow. It is left at once: the
    script runs when the connection has gone."""
    ends, gone = threading.Event(), threading.Event()

    def drip() -> Iterator[bytes]:
        try:
            while not ends.wait(0.05):
                yield b"x"
        finally:
            gone.set()

    with serve(lambda call: Said(200, {}, drip())) as store:
        one = StoreObject(name, get=Signed(Token(f"{store.url}/{name}?secret")))
        rig.change(restore=(CacheRestore((key("main", one), key("b", one)), timeout_seconds=0.5),))
        rig.script("until [ -e left ]; do sleep 0.1; done")
        await rig.start()
        await wait.until("the store sees that nobody listens", gone.is_set)
        (rig.project / "left").touch()
        await rig.end()
        ends.set()
    shown = plain(rig.trace)
    assert "The shared cache cannot be read: it took longer than 0.5 seconds" in shown
    assert "127.0.0.1 has not answered in time before and is not asked again" in shown
    assert rig.job.state == "success"


async def test_two_jobs_at_once_on_one_key(rig: Rig, one_s3: S3, name: str) -> None:
    """Both write the folder on one volume; what is there in the end is whole."""
    rig.change(save=tuple(CacheSave(key("main"), ("hello.txt", "sub/")) for _ in range(5)))
    other = Path(rig.plan.places.cache) / "main"
    other.mkdir(parents=True)
    (other / "cache.zip.999").write_bytes(b"of another job, just now")
    old = other / "cache.zip.1"
    old.write_bytes(b"of a job that was killed")
    os.utime(old, (1e9, 1e9))
    await rig.run()
    assert sorted(path.name for path in other.iterdir()) == [
        "cache.zip",
        "cache.zip.999",
        "metadata.json",
    ]
    with zipfile.ZipFile(other / "cache.zip") as archive:
        assert archive.testzip() is None
    assert json.loads((other / "metadata.json").read_text())["cachekey"] == "main"


async def test_a_folder_that_cannot_be_written(rig: Rig, name: str) -> None:
    Path(rig.plan.places.cache).parent.mkdir(exist_ok=True)
    Path(rig.plan.places.cache).write_text("a file")
    rig.change(
        restore=(CacheRestore((key("main"),)),), save=(CacheSave(key("main"), ("hello.txt",)),)
    )
    await rig.run()
    assert rig.job.state == "success"
    assert "WARNING: Failed to create cache: " in plain(rig.trace)
