"""The shared cache of each kind: an object goes there, comes back, and does not stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from podlane.core.config.cache import CacheConfig
from podlane.core.config.model import RunnerConfig
from podlane.core.text.token import Token
from podlane.doctor.cache import cache
from podlane.doctor.finding import Finding
from podlane.doctor.patient import Patient
from stores import gcs
from stores.azure import ACCOUNT, CONTAINER, KEY, Azure
from stores.s3 import S3


async def look(table: dict[str, Any], **environ: str) -> Finding:
    def decode(kind: type, value: Any) -> Any:
        return Token(value) if kind is Token else value

    settings = msgspec.convert(table, CacheConfig, dec_hook=decode)
    runner = RunnerConfig("http://gitlab.example", Token("glrt-x"), cache=settings)

    def none(_: RunnerConfig) -> Any:
        raise AssertionError("no pod is asked for")

    patient = Patient((runner,), Path(), environ, "r_x", none)
    (found,) = [one async for one in cache(patient)]
    return found


async def test_s3(any_s3: S3) -> None:
    found = await look(any_s3.config(Path="caches/of-ours", Shared=False))
    assert (found.state, found.fix) == ("ok", "")
    assert found.message.endswith("put, read and deleted")
    assert b"podlane-doctor" not in any_s3.ask("GET", "", "?prefix=")


async def test_s3_with_another_secret_key(any_s3: S3) -> None:
    if any_s3.folder.name.startswith("moto"):
        pytest.skip("moto takes any signature")
    table = any_s3.config()
    table["s3"]["SecretKey"] = "of-another"
    found = await look(table)
    assert found.state == "FAIL"
    assert "SignatureDoesNotMatch" in found.message
    assert "`SecretKey`" in found.fix
    assert "of-another" not in found.message + found.fix
    table["s3"]["SecretKey"] = any_s3.secret_key
    assert (await look(table)).state == "ok"


async def test_azure(azurite: Azure) -> None:
    domain = azurite.url.removesuffix(f"/{ACCOUNT}")
    table = {"AccountName": ACCOUNT, "AccountKey": KEY, "ContainerName": CONTAINER}
    found = await look({"Type": "azure", "azure": {**table, "StorageDomain": domain}})
    assert found.message.endswith("put, read and deleted"), found
    other = {**table, "StorageDomain": domain, "ContainerName": "nowhere"}
    found = await look({"Type": "azure", "azure": other})
    assert (found.state, "`ContainerName`" in found.fix) == ("FAIL", True), found


async def test_google() -> None:
    with gcs.running() as store:
        pem = store.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        table = {"BucketName": gcs.BUCKET, "AccessID": gcs.ACCOUNT, "PrivateKey": pem.decode()}
        found = await look({"Type": "gcs", "gcs": table}, STORAGE_EMULATOR_HOST=store.url)
        assert found.message.endswith("put, read and deleted"), found
        assert not store.objects


async def test_what_is_not_named() -> None:
    assert (await look({})).state == "skip"
    found = await look({"Type": "s3"})
    assert (found.state, found.fix) == ("FAIL", "set `s3.BucketName` in [runners.cache]")
