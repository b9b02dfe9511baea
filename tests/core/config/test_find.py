"""The order in which config.toml is looked for."""

from __future__ import annotations

import pytest

from podlane.core.config.find import SYSTEM_CONFIG, find_config, new_config, places
from podlane.errors import ConfigError

USER = "/home/me/.gitlab-runner/config.toml"


@pytest.mark.parametrize(
    ("explicit", "environ", "expected"),
    [
        ("/x.toml", {"CONFIG_FILE": "/y.toml"}, ("/x.toml",)),
        (None, {"CONFIG_FILE": "/y.toml"}, ("/y.toml",)),
        (None, {}, (USER, SYSTEM_CONFIG)),
        (None, {"CONFIG_FILE": ""}, (USER, SYSTEM_CONFIG)),
    ],
)
def test_the_places(
    explicit: str | None, environ: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert places(explicit, environ, "/home/me/") == expected


def test_the_first_that_is_there() -> None:
    assert find_config((USER, SYSTEM_CONFIG), lambda path: path == SYSTEM_CONFIG) == SYSTEM_CONFIG


def test_none_names_them_all() -> None:
    with pytest.raises(ConfigError) as caught:
        find_config((USER, SYSTEM_CONFIG), lambda _: False)
    assert USER in caught.value.message
    assert SYSTEM_CONFIG in caught.value.message


@pytest.mark.parametrize(
    ("candidates", "there", "is_root", "expected"),
    [
        ((USER, SYSTEM_CONFIG), "", True, SYSTEM_CONFIG),
        ((USER, SYSTEM_CONFIG), "", False, USER),
        ((USER, SYSTEM_CONFIG), USER, True, USER),
        (("/x.toml",), "", True, "/x.toml"),
    ],
)
def test_where_a_new_one_goes(
    candidates: tuple[str, ...], there: str, is_root: bool, expected: str
) -> None:
    assert new_config(candidates, lambda path: path == there, is_root=is_root) == expected
