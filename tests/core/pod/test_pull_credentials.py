"""What is said of the credentials that an image was pulled with."""

from __future__ import annotations

import pytest

from podlane.core.plan.credentials import OF_GITLAB, OF_JOB, Login
from podlane.core.pod import pull_credentials
from podlane.core.text.token import Token

LOGINS = (
    Login("https://index.docker.io/v1/", Token("x"), OF_JOB),
    Login("own.test:5000", Token("x"), OF_GITLAB),
    Login("*.wild.test", Token("x"), OF_JOB),
    Login("deep.test/group", Token("x"), OF_JOB),
)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("busybox", f"Credentials tried for docker.io: {OF_JOB}."),
        ("acme/tool:1", f"Credentials tried for docker.io: {OF_JOB}."),
        ("own.test:5000/acme/tool@sha256:1", f"Credentials tried for own.test:5000: {OF_GITLAB}."),
        ("a.wild.test/x", f"Credentials tried for a.wild.test: {OF_JOB}."),
        ("deep.test/group/x", f"Credentials tried for deep.test: {OF_JOB}."),
        ("a.b.wild.test/x", "There were no credentials for a.b.wild.test (there are some for"),
        ("deep.test/other/x", "There were no credentials for deep.test (there are some for"),
        ("localhost/x", "There were no credentials for localhost (there are some for"),
    ],
)
def test_by_the_image_s_registry(image: str, said: str) -> None:
    noted = pull_credentials.written(LOGINS, is_account=False)[pull_credentials.CREDENTIALS]
    assert pull_credentials.sentence(image, noted, "record", ("record",)).startswith(said)


def test_pull_secrets_are_named() -> None:
    noted = pull_credentials.written(LOGINS[1:2], is_account=False)[pull_credentials.CREDENTIALS]
    said = pull_credentials.sentence("own.test:5000/x", noted, "record", ("team", "record"))
    assert said == f'Credentials tried for own.test:5000: {OF_GITLAB}, the pull secret "team".'


def test_those_of_the_service_account() -> None:
    noted = pull_credentials.written((), is_account=True)[pull_credentials.CREDENTIALS]
    said = pull_credentials.sentence("own.test/x", noted, "record", ("team",))
    assert 'the pull secret "team" of its service account.' in said
    assert "alone, and there are none" in pull_credentials.sentence("own.test/x", noted, "r", ())


@pytest.mark.parametrize("noted", ["", "{", "[]", '{"logins": 1}'])
def test_nothing_is_known(noted: str) -> None:
    said = pull_credentials.sentence("own.test/x", noted, "record", ())
    assert said == "There were no credentials for own.test."


def test_an_annotation_has_its_limits() -> None:
    many = tuple(Login(f"{n}.test", Token("x"), OF_JOB) for n in range(10_000))
    long = Login("x" * 100_000, Token("x"), OF_JOB)
    noted = pull_credentials.written((long, *many), is_account=False)
    assert len(noted[pull_credentials.CREDENTIALS]) < 4096
