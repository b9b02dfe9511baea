"""POST and GET /jobs/:id/artifacts: formats, limits, who may."""

from __future__ import annotations

import gzip
import io
import json
import os
import zipfile

import aiohttp
import pytest

from local.coordinator.caller import Caller, Heard
from podlane.local.coordinator import Coordinator, CoordinatorJob
from podlane.local.coordinator.artifacts import parse_dotenv

GZIP = gzip.compress(b"x", mtime=0)
JUNIT = {"artifact_type": "junit", "artifact_format": "gzip"}
DOTENV = {"artifact_type": "dotenv", "artifact_format": "gzip"}


def _zip(content: bytes = b"hello") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("out.txt"), content)
    return out.getvalue()


@pytest.fixture
async def job(caller: Caller) -> CoordinatorJob:
    return await caller.take()


async def _download(caller: Caller, job: CoordinatorJob, token: str, query: str = "") -> Heard:
    headers = {"JOB-TOKEN": token}
    return await caller.call("GET", f"/jobs/{job.id}/artifacts{query}", headers=headers)


async def test_archive_comes_back_as_it_was(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    data = _zip(os.urandom(1 << 20))
    heard = await caller.upload(job, data, "build.zip", expire_in="1 week")
    assert heard.status == 201
    assert job.artifacts["archive"].read_bytes() == data
    assert job.artifact_names["archive"] == "build.zip"
    await caller.put(job, "success")
    later = await caller.take(dependencies=[{"id": job.id}])
    entry = later.payload["dependencies"][0]
    assert entry["artifacts_file"] == {"filename": "build.zip", "size": len(data)}
    found = await _download(caller, job, entry["token"])
    assert (found.status, found.body) == (200, data)
    assert found.headers["content-disposition"] == 'attachment; filename="build.zip"'


async def test_direct_download_is_elsewhere(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    gitlab.artifacts.is_direct = True
    await caller.upload(job, _zip())
    url = f"{gitlab.url}/api/v4/jobs/{job.id}/artifacts?direct_download=true"
    headers = {"JOB-TOKEN": job.token}
    async with caller.http.get(url, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 302
        place = answer.headers["Location"]
    async with caller.http.get(f"{gitlab.url}{place}", headers={"Range": "bytes=0-0"}) as answer:
        assert (answer.status, await answer.read()) == (206, _zip()[:1])
    assert (await _download(caller, job, job.token)).status == 200


@pytest.mark.parametrize(
    ("data", "query", "status"),
    [
        (_zip(), {}, 201),
        (b"no zip", {}, 400),
        (
            gzip.compress(b"x", mtime=0),
            {"artifact_type": "archive", "artifact_format": "gzip"},
            400,
        ),
        (gzip.compress(b"<x/>", mtime=0), JUNIT, 201),
        (b"<x/>", JUNIT, 400),
        (b"<x/>", {"artifact_type": "junit", "artifact_format": "raw"}, 400),
        (b"{}", {"artifact_type": "codequality", "artifact_format": "raw"}, 201),
        (gzip.compress(b"A=b", mtime=0), DOTENV, 201),
        (gzip.compress(b"A b", mtime=0), DOTENV, 400),
        (gzip.compress(b"A=b", mtime=0)[:-9], DOTENV, 400),
        (gzip.compress(b"A=" + b"b" * 6000, mtime=0), DOTENV, 400),
        (b"x", {"artifact_type": "../../x", "artifact_format": "raw"}, 400),
    ],
)
async def test_formats(
    caller: Caller, job: CoordinatorJob, data: bytes, query: dict[str, str], status: int
) -> None:
    assert (await caller.upload(job, data, **query)).status == status
    kind = query.get("artifact_type", "archive")
    assert (kind in job.artifacts) == (status == 201)
    folder = job.trace_file.parents[1] / "artifacts"
    assert not list(folder.rglob("*.part"))


async def test_second_upload_of_a_type(caller: Caller, job: CoordinatorJob) -> None:
    """The same bytes are a repeated call; others are refused."""
    assert (await caller.upload(job, _zip(b"one"))).status == 201
    assert (await caller.upload(job, _zip(b"one"))).status == 201
    assert (await caller.upload(job, _zip(b"two"))).status == 400
    assert (await caller.upload(job, gzip.compress(b"<x/>", mtime=0), **JUNIT)).status == 201
    assert job.artifacts["archive"].read_bytes() == _zip(b"one")


@pytest.mark.parametrize("size", [2000, 3 << 20])
async def test_too_large(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob, size: int
) -> None:
    gitlab.artifacts.limit_bytes = 1000
    heard = await caller.upload(job, _zip(os.urandom(size)))
    assert heard.status == 413
    assert not job.artifacts


async def test_body_without_a_length_is_cut_off_too(
    gitlab: Coordinator, caller: Caller, job: CoordinatorJob
) -> None:
    gitlab.artifacts.limit_bytes = 1000
    writer = aiohttp.MultipartWriter("form-data")
    part = writer.append(io.BytesIO(b"x" * 5000))
    part.set_content_disposition("form-data", name="file", filename="a.zip")
    headers = {"JOB-TOKEN": job.token}
    path = f"/jobs/{job.id}/artifacts"
    heard = await caller.call("POST", path, data=writer, headers=headers, chunked=True)
    assert heard.status == 413


async def test_no_file_is_400(caller: Caller, job: CoordinatorJob) -> None:
    headers = {"JOB-TOKEN": job.token}
    path = f"/jobs/{job.id}/artifacts"
    other: tuple[bytes | dict[str, str], ...] = (b"raw", {"other": "field"})
    for data in other:
        assert (await caller.call("POST", path, data=data, headers=headers)).status == 400
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        given = headers | {"Content-Type": kind}
        assert (await caller.call("POST", path, data=b"no parts", headers=given)).status == 400


async def test_who_may(gitlab: Coordinator, caller: Caller, job: CoordinatorJob) -> None:
    assert (await _download(caller, job, job.token)).status == 404
    assert (await caller.upload(job, _zip())).status == 201
    assert (await _download(caller, job, "wrong")).status == 403
    await caller.put(job, "success")
    assert (await caller.upload(job, gzip.compress(b"x", mtime=0), **JUNIT)).status == 403
    assert (await _download(caller, job, job.token)).status == 200
    waiting = gitlab.enqueue()
    assert (await _download(caller, job, waiting.token)).status == 403
    assert (await caller.upload(waiting, _zip())).status == 403
    missing = await caller.call("GET", "/jobs/99/artifacts", headers={"JOB-TOKEN": job.token})
    assert missing.status == 403


async def test_dotenv_is_kept_for_later_jobs(caller: Caller, job: CoordinatorJob) -> None:
    await caller.upload(job, gzip.compress(b"VERSION = one.two \n\nURL=a=b\n"), ".env.gz", **DOTENV)
    assert job.dotenv == {"VERSION": "one.two", "URL": "a=b"}
    assert "one.two" not in repr(job)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("A=1\nB=2", {"A": "1", "B": "2"}),
        ('A="quoted"', {"A": '"quoted"'}),
        ("# said\nA=1", {"A": "1"}),
        ("A=", {"A": ""}),
        ("A=1\nA=2", {"A": "2"}),
        ("A-B=1", None),
        ("=1", None),
        ("export A=1", None),
        ("\n".join(f"A{n}=1" for n in range(21)), None),
    ],
)
def test_dotenv(text: str, found: dict[str, str] | None) -> None:
    if found is None:
        with pytest.raises(aiohttp.web.HTTPException) as error:
            parse_dotenv(text)
        assert error.value.status == 400
        assert "message" in json.loads(error.value.text or "")
    else:
        assert parse_dotenv(text) == found
