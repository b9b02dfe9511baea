"""The patterns that gate overwrites: one that is none is a fault of the file, by its key."""

from __future__ import annotations

import msgspec
import pytest

from podlane.core.config.gates import PATTERNS, faults
from podlane.core.config.kubernetes import KubernetesConfig


def test_every_pattern_of_the_table_is_checked() -> None:
    ends = "_overwrite_allowed"
    kinds = {field.name: field.type for field in msgspec.structs.fields(KubernetesConfig)}
    assert {name for name in kinds if name.endswith(ends) and kinds[name] is str} == {*PATTERNS}


@pytest.mark.parametrize("key", PATTERNS)
def test_a_pattern_that_is_none_is_named(key: str) -> None:
    [(named, what)] = faults(_with(key, "ci-(a"))
    assert named == key
    assert what == "is no regular expression (Go's, RE2): there is a `(` without its `)`"
    assert not list(faults(_with(key, r"(?i)^ci-[[:alnum:]]+\z")))


def _with(key: str, pattern: str) -> KubernetesConfig:
    return msgspec.structs.replace(KubernetesConfig(), **{key: pattern})
