"""Repository URLs lose their credentials, however they are written."""

from __future__ import annotations

import pytest

from podlane.core.plan.git_urls import without_credentials


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://gitlab-ci-token:t0k@h/g/p.git", "https://h/g/p.git"),
        ("https://gitlab-ci-token:t@0k@h:8443/g/p.git", "https://h:8443/g/p.git"),
        ("https://h/g/p@2.git", "https://h/g/p@2.git"),
        ("https://user@h", "https://h"),
        ("/srv/git/p.git", "/srv/git/p.git"),
        ("file:///srv/p.git", "file:///srv/p.git"),
        ("", ""),
    ],
)
def test_table(url: str, expected: str) -> None:
    assert without_credentials(url) == expected
