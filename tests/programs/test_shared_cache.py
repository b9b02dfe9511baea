"""A cache goes from job to job through a real store, and no key of the store leaves the manager."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization

from harness import gitlab, manager, play, wait
from harness.embedded import EmbeddedCluster
from harness.gitlab import Gitlab
from harness.scenario import JobSpec, RunnerSpec
from podlane.local.coordinator import CoordinatorJob
from stores import gcs
from stores.azure import ACCOUNT, CONTAINER, KEY, Azure
from stores.fixtures import any_s3, azurite, one_s3
from stores.s3 import BUCKET, S3

__all__ = ["any_s3", "azurite", "one_s3"]

CACHE = ({"key": "k-$CI_PROJECT_ID-non_protected", "paths": ("kept/",)},)
WRITE = JobSpec(name="write", script=("mkdir kept", "echo treasure > kept/it"), cache=CACHE)
READ = JobSpec(name="read", script=("cat kept/it",), cache=({**CACHE[0], "policy": "pull"},))


class Scene:
    """Jobs one after the other on one manager; what the cluster held is kept."""

    def __init__(self, stage: EmbeddedCluster, config: dict[str, Any]) -> None:
        self.stage = stage
        self.config = config
        self.environ: dict[str, str] = {}
        self.held: list[bytes] = []
        self.log = ""

    async def run(self, *specs: JobSpec) -> list[CoordinatorJob]:
        stage = self.stage
        async with gitlab.serve(stage.folder / "gitlab", stage.repository, stage.host) as served:
            whole = play.config_for(stage, served, runners=(RunnerSpec(config=self.config),))
            environ = {**stage.environ(), **self.environ}
            async with manager.running(stage.folder / "m", whole, environ) as started:
                found = [await self._job(served, spec) for spec in specs]
                await play.Play(stage, served, started).nothing_stays()
                self.log = started.log
        return found

    async def _job(self, served: Gitlab, spec: JobSpec) -> CoordinatorJob:
        job = served.enqueue(spec)
        await wait.until("the job's pod", lambda: bool(self.stage.cluster.objects("pods")))
        for kind in ("pods", "secrets"):
            self.held += [text for one in self.stage.cluster.objects(kind) for text in _texts(one)]
        await served.coordinator.wait_finished(job.id, 60)
        return job


def _texts(manifest: dict[str, Any]) -> Iterator[bytes]:
    """All that an object says, packed or not."""
    yield json.dumps(manifest).encode()
    for text in manifest.get("data", {}).values():
        data = base64.b64decode(text)
        yield gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


async def _check(scene: Scene, secrets: tuple[str, ...]) -> list[str]:
    """Two jobs share a cache; what they printed."""
    jobs = await scene.run(WRITE, READ)
    said = [job.trace.decode() for job in jobs]
    assert [job.state for job in jobs] == ["success", "success"], said
    assert "\ntreasure\n" in said[1]
    assert "Trouble with the shared cache" not in scene.log
    forms = [form for one in secrets for form in (one, quote(one, safe=""))]
    hidden = [form.encode() for form in forms]
    assert any(b"runner_api" in text or b'"restore"' in text for text in scene.held)
    for text in (*scene.held, *(line.encode() for line in said), scene.log.encode()):
        assert not [form for form in hidden if form in text]
    return said


def _cache(config: dict[str, Any], **flags: bool) -> dict[str, Any]:
    return {"cache": config, "feature_flags": flags}


@pytest.mark.parametrize("is_hashed", [False, True])
async def test_s3(stage: EmbeddedCluster, any_s3: S3, is_hashed: bool) -> None:
    config = any_s3.config(Path=f"caches-{is_hashed}")
    scene = Scene(stage, _cache(config, FF_HASH_CACHE_KEYS=is_hashed))
    await _check(scene, (any_s3.secret_key,))


async def test_s3_in_parts(stage: EmbeddedCluster, any_s3: S3) -> None:
    config = any_s3.config(Path="parts")
    scene = Scene(stage, _cache(config, FF_USE_PARALLEL_CACHE_TRANSFER=True))
    await _check(scene, (any_s3.secret_key,))
    assert b"parts/" not in any_s3.uploads()


async def test_an_upload_that_nobody_goes_on_with_is_aborted(
    stage: EmbeddedCluster, any_s3: S3
) -> None:
    """The pod goes before its helper has said a word: the manager speaks, and aborts."""
    config = any_s3.config(Path="lost")
    scene = Scene(stage, _cache(config, FF_USE_PARALLEL_CACHE_TRANSFER=True))
    lost = JobSpec(name="lost", script=("sleep 60",), cache=CACHE)

    async def lose(served: Gitlab, spec: JobSpec) -> CoordinatorJob:
        job = served.enqueue(spec)
        await wait.trace_holds(served.coordinator, job, "sleep 60")
        assert b"lost/" in any_s3.uploads()
        await stage.delete_pods(grace=0)
        await served.coordinator.wait_finished(job.id, 60)
        return job

    scene._job = lose  # type: ignore[method-assign]
    (job,) = await scene.run(lost)
    assert (job.state, job.failure_reason) == ("failed", "runner_system_failure")
    assert b"lost/" not in any_s3.uploads(), scene.log


async def test_s3_by_web_identity_and_a_role(
    stage: EmbeddedCluster, one_s3: S3, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("eyJ.the.jwt")
    config = one_s3.config(Path="role")
    for key in ("AccessKey", "SecretKey"):
        del config["s3"][key]
    config["s3"]["RoleARN"] = "arn:aws:iam::123456789012:role/caches"
    scene = Scene(stage, _cache(config))
    scene.environ = {
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/manager",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ENDPOINT_URL_STS": one_s3.url,
    }
    await _check(scene, ("eyJ.the.jwt",))


async def test_azure(stage: EmbeddedCluster, azurite: Azure) -> None:
    domain = azurite.url.removesuffix(f"/{ACCOUNT}")
    azure = {"AccountName": ACCOUNT, "AccountKey": KEY, "ContainerName": CONTAINER}
    config = {"Type": "azure", "Path": "p", "azure": {**azure, "StorageDomain": domain}}
    await _check(Scene(stage, _cache(config)), (KEY,))


@pytest.mark.parametrize("is_parallel", [False, True])
async def test_gcs(stage: EmbeddedCluster, is_parallel: bool) -> None:
    with gcs.running() as store:
        pem = store.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        table = {"BucketName": gcs.BUCKET, "AccessID": gcs.ACCOUNT, "PrivateKey": pem}
        config = _cache({"Type": "gcs", "gcs": table}, FF_USE_PARALLEL_CACHE_TRANSFER=is_parallel)
        scene = Scene(stage, config)
        scene.environ = {"STORAGE_EMULATOR_HOST": store.url}
        await _check(scene, (pem, pem.splitlines()[1]))
        assert len(store.objects) == 1
        assert not store.sessions


async def test_a_store_that_is_away_costs_the_cache_and_a_line(stage: EmbeddedCluster) -> None:
    s3 = {"ServerAddress": "127.0.0.1:1", "Insecure": True, "BucketName": BUCKET}
    scene = Scene(stage, _cache({"Type": "s3", "s3": s3}))
    scene.environ = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"}
    (job,) = await scene.run(WRITE)
    assert job.state == "success"
    line = "No shared cache for this job, caches stay in cache_dir: no AWS credentials"
    assert job.trace.decode().count(line) == 1
    assert "Trouble with the shared cache" in scene.log
