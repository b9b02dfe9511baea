"""V4 signatures are those of Google's own library (google-cloud-storage 3.17.1)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from podlane.core.sign.aws import encode
from podlane.core.sign.gcs import Call, RsaKey, finish, prepare
from podlane.core.text.token import Token

NOW = 1_770_000_000.0
ROBOT = "robot@p.iam.gserviceaccount.com"
URL = f"https://storage.googleapis.com/bucket/{encode('project/1/ü a+b~*!', '/')}"


@pytest.mark.parametrize(
    ("method", "headers", "signed", "hashed"),
    [
        ("GET", {}, "host", "f5841f179b2211db2df3aacd5bd0b9c9ec282e58698ee8a5ab8bd36bedcb5566"),
        (
            "PUT",
            {"x-goog-meta-cachekey": "a  b"},
            "host%3Bx-goog-meta-cachekey",
            "7ae76118420d9d0e7de1862543768488c17b9411ca711c08ca534ccb07af3f6a",
        ),
        (
            "POST",
            {"x-goog-resumable": "start"},
            "host%3Bx-goog-resumable",
            "f041ec5b238e2c32397ab94ca6042c744f131eed65f3558dcd3da59c856015b9",
        ),
    ],
)
def test_what_is_signed(method: str, headers: dict[str, str], signed: str, hashed: str) -> None:
    prepared = prepare(Call(method, URL, headers), ROBOT, NOW, 3600)
    scope = "20260202/auto/storage/goog4_request"
    text = f"GOOG4-RSA-SHA256\n20260202T024000Z\n{scope}\n{hashed}"
    assert prepared.text == text.encode()
    assert finish(prepared, b"\x01\x02") == (
        f"{URL}?X-Goog-Algorithm=GOOG4-RSA-SHA256"
        "&X-Goog-Credential=robot%40p.iam.gserviceaccount.com%2F20260202%2Fauto%2Fstorage%2F"
        "goog4_request&X-Goog-Date=20260202T024000Z&X-Goog-Expires=3600"
        f"&X-Goog-SignedHeaders={signed}&X-Goog-Signature=0102"
    )


@pytest.mark.parametrize(("wanted", "told"), [(0, 1), (10**9, 604_800)])
def test_a_url_lives_for_a_second_to_seven_days(wanted: float, told: int) -> None:
    assert f"X-Goog-Expires={told}&" in prepare(Call("GET", URL), ROBOT, NOW, wanted).url


@pytest.mark.parametrize("is_one_line", [False, True])
def test_a_key_signs_as_google_verifies(is_one_line: bool) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = _pem(key)
    signature = RsaKey(Token(pem.replace("\n", "\\n") if is_one_line else pem)).sign(b"text")
    key.public_key().verify(signature, b"text", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("pem", ["", "no key", "EC"])
def test_what_is_no_rsa_key_is_a_value_error(pem: str) -> None:
    text = _pem(ec.generate_private_key(ec.SECP256R1())) if pem == "EC" else pem
    with pytest.raises(ValueError, match=r"."):
        RsaKey(Token(text))


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
