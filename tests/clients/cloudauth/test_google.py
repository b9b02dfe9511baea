"""Google: a key file, the metadata server, and IAM that signs."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from clients.cloudauth.conftest import Hold
from harness.http_server import Call, Said, always, serve
from podlane.clients.cloudauth.google import (
    KeyFile,
    Workload,
    find_workload,
    iam_url,
    read_key_file,
    sign_blob,
)
from podlane.core.text.token import Token
from podlane.errors import Rejected, ServiceError, Unavailable

ROBOT = "robot@p.iam.gserviceaccount.com"
WORKLOAD = Workload(ROBOT, Token("ya29"), 1000.0)


def test_a_key_file(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(
        json.dumps({"type": "service_account", "client_email": ROBOT, "private_key": "PEM"})
    )
    assert read_key_file(str(file)) == KeyFile(ROBOT, Token("PEM"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON object"),
        ("[]", "is no JSON object"),
        ('{"type": "external_account"}', "of the type 'external_account', not service_account"),
        ('{"type": "service_account", "client_email": "a"}', "lacks private_key"),
    ],
)
def test_a_file_that_is_no_key(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "key.json"
    file.write_text(text)
    with pytest.raises(ServiceError, match=words):
        read_key_file(str(file))


def test_the_metadata_server(hold: Hold) -> None:
    def answer(call: Call) -> Said:
        assert call.headers["metadata-flavor"] == "Google"
        if call.path.endswith("/email"):
            return Said(body=ROBOT.encode())
        return Said(body=b'{"access_token": "ya29", "expires_in": 900, "token_type": "Bearer"}')

    with serve(answer) as server:
        environ = {"GCE_METADATA_HOST": server.url.removeprefix("http://")}
        assert hold(find_workload(environ, 100.0)) == WORKLOAD


def test_no_metadata_server(hold: Hold) -> None:
    with pytest.raises(Rejected, match="no Google credentials are to be had") as caught:
        hold(find_workload({"GCE_METADATA_HOST": "127.0.0.1:1"}, 0))
    assert "workload identity" in caught.value.hint


def test_iam_signs(hold: Hold) -> None:
    signed = json.dumps({"keyId": "k", "signedBlob": base64.b64encode(b"\x00sig").decode()})
    with serve(always(Said(body=signed.encode()))) as server:
        environ = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS": f"{server.url}/"}
        assert hold(sign_blob(WORKLOAD, b"text", iam_url(environ))) == b"\x00sig"
    call = server.calls[0]
    assert call.path == f"/v1/projects/-/serviceAccounts/{ROBOT}:signBlob"
    assert call.headers["authorization"] == "Bearer ya29"
    assert json.loads(call.body) == {"payload": base64.b64encode(b"text").decode()}
    assert iam_url({}) == "https://iamcredentials.googleapis.com"


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        (
            Said(403, body=b'{"error": {"code": 403, "message": "needs signBlob"}}'),
            Rejected,
            "the answer is 403: needs signBlob",
        ),
        (Said(body=b'{"signedBlob": "?"}'), Unavailable, "the answer is no base64"),
        (Said(body=b"{}"), Unavailable, "the answer lacks signedBlob"),
        (Said(500), Unavailable, "the answer is 500"),
    ],
)
def test_iam_that_does_not_sign(hold: Hold, said: Said, error: type[Exception], words: str) -> None:
    with serve(always(said)) as server, pytest.raises(error, match=words) as caught:
        hold(sign_blob(WORKLOAD, b"text", server.url))
    assert "ya29" not in str(caught.value)
