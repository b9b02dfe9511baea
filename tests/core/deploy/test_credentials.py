"""Credentials get into config.toml without a change to anything else in it."""

from __future__ import annotations

import difflib

import pytest

from podlane.core.config.toml import read_toml
from podlane.core.deploy.credentials import credential, with_mounts
from podlane.errors import ConfigError

TWO = """\
concurrent = 4

[[runners]]
  name = "one"
  url = "https://gitlab.test"
  token = "t1"
  [runners.kubernetes]
    namespace = "a"
    [[runners.kubernetes.volumes.secret]]
      name = "old"
      mount_path = "/old"

# the second
[[runners]]
  name = "two"
  url = "https://gitlab.test"
  token = "t2"

[session_server]
  session_timeout = 1800
"""


def test_every_runner_gets_the_mount() -> None:
    text, places = with_mounts(TWO, "npm", "/npm", "")
    one, two = read_toml(text)["runners"]
    mount = {"name": "npm", "mount_path": "/npm", "read_only": True}
    assert one["kubernetes"]["volumes"]["secret"][1] == mount
    assert two["kubernetes"]["volumes"]["secret"] == [mount]
    assert places == ("a", "")
    assert not [line for line in difflib.ndiff(TWO.split("\n"), text.split("\n")) if line[0] == "-"]
    assert with_mounts(text, "npm", "/npm", "")[0] == text


def test_one_runner_of_two() -> None:
    text, places = with_mounts(TWO, "npm", "/npm", "two")
    assert "kubernetes" not in read_toml(TWO)["runners"][1]
    assert read_toml(text)["runners"][0] == read_toml(TWO)["runners"][0]
    assert places == ("",)


@pytest.mark.parametrize(
    ("runner", "mount", "said"), [("three", "/m", "no runner 'three'"), ("", "m", "absolute")]
)
def test_what_cannot_be_meant(runner: str, mount: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        with_mounts(TWO, "npm", mount, runner)


@pytest.mark.parametrize(("name", "key"), [("Npm", "a"), ("npm", "a/b"), ("", "a")])
def test_names_that_kubernetes_would_refuse(name: str, key: str) -> None:
    with pytest.raises(ConfigError, match="is no name"):
        credential("podlane", name, "ns", {key: b"x"})
