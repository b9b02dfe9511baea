"""What the manager holds ready at S3 works there, and only for what it is for."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.http_server import Call, Said, always, serve
from manager.stores.rig import NAME, Open, ask, check_single_requests, told
from podlane.core.plan.store import (
    Ask,
    S3Parts,
    S3Session,
    Shelf,
    Wanted,
    Window,
)
from stores.s3 import BUCKET, S3


async def test_s3_single_requests(any_s3: S3, open_it: Open) -> None:
    if any_s3.folder.name != BUCKET:
        pytest.skip("moto verifies no signatures")
    shelf = await open_it(any_s3.config()).shelf(ask())
    await check_single_requests(shelf)
    metadata = any_s3.tell("HEAD", NAME)[1]
    assert metadata["x-amz-meta-cachekey"] == "k"


async def test_s3_parts(any_s3: S3, open_it: Open) -> None:
    shared = open_it(any_s3.config())
    shelf = await shared.shelf(ask(with_pieces=True, size_limit=20_000_000))
    pieces = shelf.objects[NAME].pieces
    assert isinstance(pieces, S3Parts)
    assert len(pieces.parts) == 3
    assert (await told("PUT", pieces.parts[0], b"x" * 100))[0] == 200
    assert b"schl" in any_s3.uploads()
    await shared.abandon(shelf.open_uploads())
    assert b"schl" not in any_s3.uploads()


async def test_s3_without_the_bucket_goes_up_in_one_piece(one_s3: S3, open_it: Open) -> None:
    config = one_s3.config()
    config["s3"]["BucketName"] = "other"
    shelf = await open_it(config).shelf(ask(with_pieces=True))
    assert shelf.objects[NAME].put
    assert shelf.objects[NAME].pieces is None
    assert shelf.warnings == (
        "A cache is uploaded in one piece: "
        "the store answered 404 when an upload in parts was to be opened",
    )


def _sts(one_s3: S3, tmp_path: Path) -> dict[str, str]:
    """The environment of a workload with IRSA, and moto in place of AWS."""
    file = tmp_path / "token"
    file.write_text("eyJ.the.jwt")
    return {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/manager",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_ENDPOINT_URL_STS": one_s3.url,
    }


def _iam(one_s3: S3, **keys: Any) -> dict[str, Any]:
    config = one_s3.config()
    without = {key: text for key, text in config["s3"].items() if not key.endswith("Key")}
    return {**config, "s3": {**without, **keys}}


async def test_s3_by_web_identity(one_s3: S3, open_it: Open, tmp_path: Path) -> None:
    shared = open_it(_iam(one_s3), _sts(one_s3, tmp_path))
    await shared.warm()
    shelf = await shared.shelf(ask(seconds=9000))
    one = shelf.objects[NAME]
    assert one.get
    query = parse_qs(urlsplit(one.get.url.reveal()).query)
    assert query["X-Amz-Credential"][0].startswith("ASIA")
    assert query["X-Amz-Security-Token"]
    assert one.expires_at < time.time() + 3700
    assert one.pieces is None
    assert (await told("PUT", one.put, b"x"))[0] == 200


async def test_s3_by_a_role_for_this_object_alone(
    one_s3: S3, open_it: Open, tmp_path: Path
) -> None:
    role = "arn:aws:iam::123456789012:role/caches"
    shared = open_it(_iam(one_s3, RoleARN=role), _sts(one_s3, tmp_path))
    shelf = await shared.shelf(ask(seconds=1800))
    one = shelf.objects[NAME]
    assert isinstance(one.pieces, S3Session)
    assert one.pieces.access_key.reveal().startswith("ASIA")
    assert time.time() + 1700 < one.expires_at <= time.time() + 1900
    assert one.get
    assert one.put
    assert one.pieces.session_token.reveal() not in one.get.url.reveal()
    session = parse_qs(urlsplit(one.put.url.reveal()).query)["X-Amz-Security-Token"]
    assert session == [one.pieces.session_token.reveal()]
    again = (await shared.shelf(ask(seconds=1800))).objects[NAME]
    assert again.pieces == one.pieces
    longer = (await shared.shelf(ask(seconds=7200))).objects[NAME]
    assert longer.pieces != one.pieces
    assert longer.expires_at > time.time() + 7000


class Sts:
    """An STS that remembers; it gives an hour at most, as for a role taken by a role."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.at_once = self.most_at_once = 0

    def answer(self, call: Call) -> Said:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.02)  # so that they would overlap
        self.at_once -= 1
        found = {key: text[0] for key, text in parse_qs(call.body.decode()).items()}
        self.asked.append(found)
        seconds = int(found["DurationSeconds"])
        if seconds > 3600:
            text = "The requested DurationSeconds exceeds the 1 hour session limit"
            return Said(400, body=f"<Error><Message>{text}</Message></Error>".encode())
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        parts = {"AccessKeyId": f"ASIA{len(self.asked)}", "SecretAccessKey": "s"}
        parts |= {"SessionToken": "t", "Expiration": end}
        body = "".join(f"<{key}>{text}</{key}>" for key, text in parts.items())
        return Said(body=body.encode())


def _role(url: str, **keys: Any) -> tuple[dict[str, Any], dict[str, str]]:
    s3 = {
        "ServerAddress": "store.test",
        "BucketName": "b",
        "AccessKey": "AKIA",
        "SecretKey": "s",
        "RoleARN": "arn:aws:iam::1:role/r",
        **keys,
    }
    return {"Type": "s3", "s3": s3}, {"AWS_ENDPOINT_URL_STS": url}


async def test_an_hour_is_taken_where_no_more_is_given_and_that_is_learnt(open_it: Open) -> None:
    sts = Sts()
    with serve(sts.answer) as server:
        shared = open_it(*_role(server.url))
        shelf = await shared.shelf(ask(seconds=9000))
        await shared.shelf(ask(Wanted("other", "k", is_written=True), seconds=9000))
    seconds = [int(one["DurationSeconds"]) for one in sts.asked]
    assert seconds[0] > 8900
    assert seconds[1:] == [3600, 3600, 3600]
    assert shelf.objects[NAME].expires_at < time.time() + 3601


async def test_the_policy_names_the_object(open_it: Open) -> None:
    sts = Sts()
    with serve(sts.answer) as server:
        shared = open_it(*_role(server.url, UploadRoleARN="arn:old", RoleARN=""))
        shelf = await shared.shelf(ask())
    (asked,) = sts.asked  # what is read is signed by the config's own keys
    statement = json.loads(asked["Policy"])["Statement"][0]
    assert statement["Resource"] == f"arn:aws:s3:::b/{NAME.replace('*', '${*}')}"
    assert (asked["RoleArn"], asked["RoleSessionName"]) == ("arn:old", "podlane-abcdefghi")
    one = shelf.objects[NAME]
    assert one.get
    assert one.put
    assert "AKIA%2F" in one.get.url.reveal()
    assert "ASIA1%2F" in one.put.url.reveal()


@pytest.mark.parametrize(("most", "at_once"), [(2, 2), (1, 1)])
async def test_not_too_many_roles_at_once(open_it: Open, most: int, at_once: int) -> None:
    sts = Sts()
    wanted = tuple(Wanted(f"n{number}", "k", is_written=True) for number in range(6))
    with serve(sts.answer) as server:
        shared = open_it(*_role(server.url, AssumeRoleMaxConcurrency=most))
        await shared.shelf(ask(*wanted))
    assert len(sts.asked) == 7
    assert sts.most_at_once <= at_once


@pytest.mark.parametrize(("is_off", "count"), [(False, 2), (True, 4)])
async def test_sessions_are_kept_unless_told_not_to(
    open_it: Open, is_off: bool, count: int
) -> None:
    sts = Sts()
    with serve(sts.answer) as server:
        shared = open_it(*_role(server.url, DisableAssumeRoleCredentialsCaching=is_off))
        for _ in range(3):
            await shared.shelf(ask())
    assert len(sts.asked) == count


async def test_a_role_that_is_refused_costs_the_upload_alone(open_it: Open) -> None:
    said = Said(403, body=b"<E><Message>PackedPolicyTooLarge</Message></E>")
    with serve(always(said)) as server:
        shared = open_it(*_role(server.url, UploadRoleARN="arn:r", RoleARN=""))
        for _ in range(2):
            shelf = await shared.shelf(ask())
            assert shelf.objects[NAME].get
            assert (shelf.objects[NAME].put, shelf.objects[NAME].pieces) == (None, None)
            assert shelf.warnings == (
                "A cache is not uploaded: assuming the role arn:r: "
                "the answer is 403: PackedPolicyTooLarge",
            )


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def test_a_cloud_that_never_answers_is_not_waited_for(open_it: Open, silent: str) -> None:
    shared = open_it(*_role(silent))
    started = time.monotonic()
    shelf = await shared.shelf(ask())
    assert time.monotonic() - started < 5
    assert not shelf.objects
    assert shelf.warnings == (
        "No shared cache for this job, caches stay in cache_dir: "
        "the store or its cloud did not answer in time",
    )
    started = time.monotonic()
    assert (await shared.shelf(ask())).warnings == shelf.warnings
    assert time.monotonic() - started < 1  # nobody asks again so soon


async def test_what_the_config_lacks_is_said(open_it: Open) -> None:
    shared = open_it({"Type": "s3"})
    await shared.warm()
    assert "[runners.cache] lacks `s3.BucketName`" in (await shared.shelf(ask())).warnings[0]
    assert await shared.shelf(Ask((), Window(0, 1))) == Shelf()
