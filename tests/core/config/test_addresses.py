"""What may stand where the address of a server is wanted."""

from __future__ import annotations

import pytest

from podlane.core.config.addresses import faults


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("", True),
        ("https://gitlab.example.com", True),
        ("http://user:secret@[::1]:8080/gitlab/", True),
        ("://gitlab.example.com", True),  # of `$SCHEME://…`
        ("gitlab.example.com", False),
        ("https://", False),
        ("http://[runners", False),
        ("http://a:port", False),
        ("ssh://git@a", False),
    ],
)
def test_an_address_has_a_scheme_and_a_host(address: str, is_one: bool) -> None:
    found = list(faults(("url", address)))
    assert [key for key, *_ in found] == ([] if is_one else ["url"])
    assert not any("secret" in word or "runners" in word for row in found for word in row)
