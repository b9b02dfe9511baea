"""What the manager holds ready at Google is signed by whoever may: a key, or Google's IAM."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness.http_server import Call, Said, Server, serve
from manager.stores.rig import NAME, Open, ask
from podlane.core.plan.store import (
    GcsResumable,
)


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


async def test_gcs_by_a_key_in_the_config(open_it: Open, key: rsa.RSAPrivateKey) -> None:
    gcs = {"BucketName": "b", "AccessID": "robot@p", "PrivateKey": _pem(key)}
    shared = open_it({"Type": "gcs", "gcs": gcs})
    shelf = await shared.shelf(ask(with_pieces=True))
    one = shelf.objects[NAME]
    assert one.get
    assert one.put
    assert isinstance(one.pieces, GcsResumable)
    assert one.get.url.reveal().startswith("https://storage.googleapis.com/b/project/1/schl")
    assert "robot%40p" in one.get.url.reveal()
    assert set(one.put.headers) == {"x-goog-meta-cachekey"}
    assert set(one.pieces.start.headers) == {"x-goog-meta-cachekey", "x-goog-resumable"}


async def test_gcs_by_a_key_file(open_it: Open, key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    fields = {"type": "service_account", "client_email": "robot@p", "private_key": _pem(key)}
    file.write_text(json.dumps(fields))
    for config, environ in (
        ({"CredentialsFile": str(file)}, {}),
        ({}, {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}),
    ):
        shared = open_it({"Type": "gcs", "gcs": {"BucketName": "b", **config}}, environ)
        shelf = await shared.shelf(ask())
        assert shelf.objects[NAME].get
        assert shelf.objects[NAME].pieces is None


async def test_gcs_by_the_managers_identity(open_it: Open, key: rsa.RSAPrivateKey) -> None:
    texts = []

    def answer(call: Call) -> Said:
        from base64 import b64decode, b64encode

        if call.path.endswith("/email"):
            return Said(body=b"robot@p")
        if call.path.endswith("/token"):
            return Said(body=b'{"access_token": "ya29", "expires_in": 3600}')
        text = b64decode(json.loads(call.body)["payload"])
        texts.append(text)
        signature = key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return Said(body=json.dumps({"signedBlob": b64encode(signature).decode()}).encode())

    with serve(answer) as server:
        environ = _google(server)
        shared = open_it({"Type": "gcs", "gcs": {"BucketName": "b"}}, environ)
        shelf = await shared.shelf(ask(with_pieces=True))
    one = shelf.objects[NAME]
    assert one.get
    signature = bytes.fromhex(parse_qs(one.get.url.reveal())["X-Goog-Signature"][0])
    assert len(texts) == 4
    assert any(_is_signature(key, signature, text) for text in texts)


def _google(server: Server) -> dict[str, str]:
    return {
        "GCE_METADATA_HOST": server.url.removeprefix("http://"),
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS": server.url,
    }


def _is_signature(key: rsa.RSAPrivateKey, signature: bytes, text: bytes) -> bool:
    return signature == key.sign(text, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("pem", ["none", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END"])
async def test_gcs_with_a_key_that_is_none(open_it: Open, pem: str) -> None:
    gcs = {"BucketName": "b", "AccessID": "robot@p", "PrivateKey": pem}
    shelf = await open_it({"Type": "gcs", "gcs": gcs}).shelf(ask())
    assert not shelf.objects
    assert shelf.warnings[0].endswith("the private key for Google is no RSA key in PEM")
    assert pem not in shelf.warnings[0]
