"""Volumes of the config once a job's variables are in their paths."""

from __future__ import annotations

from typing import Any

import pytest

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.volumes import ClaimVolume, EmptyDirVolume, FilesVolume, Volumes
from podlane.core.job import variables
from podlane.core.job.payload import Variable
from podlane.core.pod.configured import Configured, configured
from podlane.errors import JobRefused


def placed(volumes: Volumes, **values: str) -> Configured:
    job = [Variable(key=key, value=value) for key, value in values.items()]
    reader = variables.resolve(job, "").reader()
    return configured(KubernetesConfig(volumes=volumes), reader, "/podlane")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"A": ""}, "becomes nothing"),
        ({"A": "a"}, "`mount_path` '$B' becomes '', which is no place for a volume"),
        ({"A": "a", "B": "x/.."}, "becomes '/', which is no place for a volume"),
        ({"A": "a", "B": "/x/../podlane/lane"}, "lies in podlane's own folder /podlane"),
        ({"A": "a", "B": "first/"}, "becomes '/first', which is the path of another volume too"),
        ({"A": "a", "B": "/b", "C": "/c"}, "`sub_path` '$C' becomes '/c': it must be relative"),
        ({"A": "a", "B": "/b", "C": "c/../.."}, "it must not contain `..`"),
    ],
)
def test_what_variables_make_wrong_is_refused(value: dict[str, str], words: str) -> None:
    first = FilesVolume("first", "/first")
    with pytest.raises(JobRefused) as refusal:
        placed(Volumes(pvc=(ClaimVolume("$A", "$B", "$C"),), secret=(first,)), **value)
    assert words in refusal.value.message
    assert "[[runners.kubernetes.volumes.pvc]]" in refusal.value.hint
    assert refusal.value.failure_reason == "runner_configuration_error"


@pytest.mark.parametrize(("path", "where"), [("a/b/", "/a/b"), ("/a//b", "/a/b"), ("$A", "/in/a")])
def test_a_path_is_the_one_that_the_kubelet_mounts(path: str, where: str) -> None:
    found = placed(Volumes(empty_dir=(EmptyDirVolume("a", path),)), A="in/a")
    assert found.paths() == {where}


def test_equal_volumes_of_one_name_are_one_and_others_have_names_of_their_own() -> None:
    claims = (ClaimVolume("$A", "/a"), ClaimVolume("x", "/b", "sub"))
    files = (FilesVolume("x", "/c"), FilesVolume("x", "/d", items={"k": "p"}))
    found = placed(Volumes(pvc=claims, secret=files, config_map=files[:0]), A="x")
    names: list[Any] = [volume["name"] for volume in found.volumes]
    assert names == ["x", "secret-1-x", "pvc-1-x"]
    assert [mount["name"] for mount in found.mounts] == ["x", "secret-1-x", "pvc-1-x", "pvc-1-x"]
