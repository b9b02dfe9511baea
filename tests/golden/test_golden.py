"""Each golden case gives what its folder says, and what Kubernetes would take."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import kubernetes_validate
import msgspec
import pytest

from golden.cases import CASES, FOLDER, RESULTS, pause_objects, read_case, results, texts
from podlane.core.plan.make import make_plan
from podlane.core.plan.model import JobPlan
from podlane.core.pod.manifests import Manifests, build_manifests
from podlane.core.text import token
from podlane.core.text.token import Token
from podlane.errors import JobRefused

ACCEPTED = [name for name in CASES if not (FOLDER / name / "outcome.txt").exists()]


def _built(name: str) -> tuple[JobPlan, Manifests]:
    job, context = read_case(name)
    plan = make_plan(job, context)
    return plan, build_manifests(plan, job, context)


def _data(manifests: Manifests) -> dict[str, bytes]:
    secrets = (manifests.record, *manifests.extra)
    return {key: base64.b64decode(text) for one in secrets for key, text in one["data"].items()}


@pytest.mark.parametrize("name", CASES)
def test_case_gives_what_its_folder_says(name: str) -> None:
    made = results(name)
    kept = {file: FOLDER / name / file for file in RESULTS}
    assert made == {file: path.read_text() for file, path in kept.items() if path.exists()}


@pytest.mark.parametrize("name", texts())
def test_step_has_the_text_that_its_file_says(name: str) -> None:
    assert texts()[name] == (FOLDER / "step-texts" / name).read_text()


@pytest.mark.parametrize("name", ACCEPTED)
def test_plan_is_read_back_from_its_secrets(name: str) -> None:
    plan, manifests = _built(name)
    data = _data(manifests)
    parts = sorted((int(key[5:]), data[key]) for key in data if key.startswith("plan."))
    packed = b"".join(part for _, part in parts)
    assert token.decode(gzip.decompress(packed), JobPlan) == plan


@pytest.mark.parametrize("name", ACCEPTED)
def test_objects_fit_the_schema(name: str) -> None:
    _, manifests = _built(name)
    budget = (manifests.budget,) if manifests.budget else ()
    beside = (*budget, *pause_objects(read_case(name)[1]))
    for manifest in (manifests.pod, manifests.record, *manifests.extra, *beside):
        kubernetes_validate.validate(manifest, "1.34", strict=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hostAlias": []},
        {"hostname": 1},
        {"activeDeadlineSeconds": "1"},
        {"tolerations": [{"key": "a", "operater": "Exists"}]},
        {"volumes": [{"name": "a", "csi": {"driver": "d", "volumeAttributes": {"a": 1}}}]},
        {"dnsConfig": {"options": {"name": "a"}}},
        {"hostAliases": [{"hostnames": ["a"]}]},
    ],
)
def test_the_schema_knows_every_key_and_type(wrong: dict[str, Any]) -> None:
    pod = _built("plain")[1].pod
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod | {"spec": pod["spec"] | wrong}, "1.34", strict=True)


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_secret_is_small_enough(name: str) -> None:
    _, manifests = _built(name)
    for one in (manifests.record, *manifests.extra):
        assert sum(len(base64.b64decode(text)) for text in one["data"].values()) <= 1_048_576


@pytest.mark.parametrize("name", ACCEPTED)
def test_pod_holds_no_secret(name: str) -> None:
    plan, manifests = _built(name)
    text = json.dumps(manifests.pod, ensure_ascii=False)
    assert not [mask for mask in plan.trace.masks if mask.reveal() in text]
    for file in RESULTS:
        path = FOLDER / name / file
        kept = path.read_text() if path.exists() else ""
        assert plan.gitlab.token.reveal() not in kept


@pytest.mark.parametrize("name", ACCEPTED)
def test_no_secret_of_the_config_leaves_the_manager(name: str) -> None:
    _, context = read_case(name)
    plan, manifests = _built(name)
    made = [token.encode_revealed(plan), json.dumps(manifests.pod).encode()]
    made += [value for key, value in _data(manifests).items() if not key.startswith("plan.")]
    for path, secret in _secrets(context.runner):
        if path.endswith(_PART_OF_A_URL):
            continue
        forms = (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
        assert not [one for one in made for form in forms if form.encode() in one], path


_PART_OF_A_URL = (".access_key", ".session_token")  # S3 wants them there; neither can sign


def _secrets(settings: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(settings, Token) and settings:
        yield path, settings.reveal()
    if isinstance(settings, msgspec.Struct):
        for field in settings.__struct_fields__:
            yield from _secrets(getattr(settings, field), f"{path}.{field}")


@pytest.mark.parametrize("name", ACCEPTED)
def test_pod_in_the_record_is_the_pod(name: str) -> None:
    _, manifests = _built(name)
    assert json.loads(_data(manifests)["pod"]) == manifests.pod


@pytest.mark.parametrize("name", ACCEPTED)
def test_mounts_and_volumes_fit(name: str) -> None:
    _, manifests = _built(name)
    spec: dict[str, Any] = manifests.pod["spec"]
    volumes = [volume["name"] for volume in spec["volumes"]]
    assert len(volumes) == len(set(volumes))
    names = [container["name"] for container in spec["containers"]]
    assert len(names) == len(set(names))
    for container in spec["containers"]:
        mounts = container["volumeMounts"]
        assert {mount["name"] for mount in mounts} <= set(volumes)
        assert len({mount["mountPath"] for mount in mounts}) == len(mounts)


def test_refusals_name_no_value() -> None:
    for name in set(CASES) - set(ACCEPTED):
        job, context = read_case(name)
        with pytest.raises(JobRefused) as refusal:
            build_manifests(make_plan(job, context), job, context)
        assert refusal.value.hint
        assert job.token.reveal() not in str(refusal.value)


def test_same_job_gives_the_same_bytes() -> None:
    assert _built("services")[1] == _built("services")[1]
