"""Where the jobs go of a runner that does not say it: the line that is put in for it."""

from __future__ import annotations

import pytest

from podlane.core.config.toml import read_toml
from podlane.core.deploy.home import with_namespaces

INDENTED = """\
[[runners]]
  name = "one"
  [runners.kubernetes]
    image = "busybox"
  [runners.cache]
    Type = "s3"
"""
NO_TABLE = """\
[[runners]]
  name = "one"
"""
FLAT = """\
[[runners]]
name = "one"
[runners.kubernetes]
[runners.cache]
Type = "s3"
"""
ONLY_INSIDE = """\
[[runners]]
  name = "one"
  [runners.kubernetes.pod_labels]
    team = "a"
"""
EMPTY = """\
[[runners]]
  [runners.Kubernetes]
    Namespace = "" # as the chart has it
"""
DOTTED = """\
[[runners]]
  kubernetes.image = "busybox"
"""
INLINE = """\
[[runners]]
  kubernetes = {image = "busybox"}
"""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (INDENTED, INDENTED.replace('"busybox"\n', '"busybox"\n    namespace = "ci"\n')),
        (NO_TABLE, NO_TABLE + '  [runners.kubernetes]\n    namespace = "ci"\n'),
        (FLAT, FLAT.replace("kubernetes]\n", 'kubernetes]\nnamespace = "ci"\n')),
        (EMPTY, EMPTY.replace('""', '"ci"')),
        (DOTTED, DOTTED + '  kubernetes.namespace = "ci"\n'),
    ],
)
def test_the_line_stands_as_its_neighbours_do(text: str, wanted: str) -> None:
    assert with_namespaces(text, "ci") == wanted


@pytest.mark.parametrize("text", [INDENTED, NO_TABLE, FLAT, ONLY_INSIDE, DOTTED, INLINE])
def test_nothing_else_changes(text: str) -> None:
    wanted = read_toml(text)
    wanted["runners"][0].setdefault("kubernetes", {})["namespace"] = "ci"
    assert read_toml(with_namespaces(text, "ci")) == wanted


@pytest.mark.parametrize("key", ["namespace", "Namespace"])
def test_a_namespace_that_is_named_stays(key: str) -> None:
    text = INDENTED.replace("image", key)
    assert with_namespaces(text, "ci") == text


def test_a_last_line_without_an_end_keeps_its_line() -> None:
    text = NO_TABLE + "  [runners.feature_flags]\n    FF_SCRIPT_SECTIONS = true"
    (runner,) = read_toml(with_namespaces(text, "ci"))["runners"]
    assert runner["kubernetes"] == {"namespace": "ci"}
    assert runner["feature_flags"] == {"FF_SCRIPT_SECTIONS": True}
