"""Values files as users of the official chart have them: they render, and podlane takes the
config.toml that comes out."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from helm.catalogue import CHART
from helm.chart import NEEDED, Rendered, notes, render, run
from podlane.core.config.check import Checked, check

FOLDER = Path(__file__).parent / "examples"
ELSEWHERE = "ZWxzZXdoZXJl"  # base64, as some keys are
EXAMPLES = sorted(FOLDER.glob("*.yaml"))


def read(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


def checked(found: Rendered) -> Checked:
    """config.toml with the chart's own secrets, and a word for each that comes from elsewhere."""
    secrets = {
        name: base64.b64decode(text).decode() or ELSEWHERE
        for name, text in found.one("Secret")["data"].items()
    }
    return check(found.config, {"PODLANE_TOKEN_1": ELSEWHERE, **secrets})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_renders_and_podlane_takes_it(path: Path) -> None:
    found = render(read(path))
    assert not found.refused
    result = checked(found)
    assert not result.faults
    assert len(result.config.runners) == 1
    assert not [note.message for note in result.notes if note.kind == "unknown"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_helm_lint(path: Path) -> None:
    done = run("lint", "--strict", str(CHART), "-f", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def runner(name: str) -> Any:
    return checked(render(read(FOLDER / f"{name}.yaml"))).config.runners[0]


def test_keys_of_a_cache() -> None:
    s3, gcs, azure = (runner(f"cache-{one}").cache for one in ("s3", "gcs", "azure"))
    assert s3.type == "s3"
    for found in (
        s3.s3.access_key.reveal(),
        s3.s3.secret_key.reveal(),
        gcs.gcs.access_id,
        gcs.gcs.private_key.reveal(),
        azure.azure.account_name,
        azure.azure.account_key.reveal(),
    ):
        assert found == ELSEWHERE


def test_a_key_file_of_google() -> None:
    found = render(read(FOLDER / "cache-gcs.yaml"))
    container = found.one("Deployment")["spec"]["template"]["spec"]["containers"][0]
    env = {one["name"]: one.get("value") for one in container["env"]}
    place = "/secrets/gcs-application-credentials-file"
    assert env["GOOGLE_APPLICATION_CREDENTIALS"] == place
    assert "/secrets" in {one["mountPath"] for one in container["volumeMounts"]}


def test_values_within_the_config() -> None:
    kubernetes = runner("templated").kubernetes
    assert kubernetes.namespace == "builds"
    assert kubernetes.image == "registry.test/tools/builder:1.2"
    assert kubernetes.node_selector == {"pool": "ci"}


def test_values_of_old() -> None:
    old = runner("values-of-old")
    kubernetes = old.kubernetes
    assert (kubernetes.image, kubernetes.privileged) == ("ubuntu:22.04", True)
    assert kubernetes.node_tolerations == {"dedicated=ci": "NoSchedule", "spot": ""}
    assert (kubernetes.cpu_limit, kubernetes.helper_memory_request) == ("1", "64Mi")
    assert kubernetes.pod_security_context.supplemental_groups == (101, 102)
    assert sorted(old.environment) == ["A=b", "M=3"]
    assert old.cache.s3.bucket_name == "caches"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "`gitlabUrl` is needed"),
        ({"gitlabUrl": "https://g"}, "`runnerToken` is needed"),
        (
            {"gitlabUrl": "https://g", "runnerRegistrationToken": "GR13"},
            "registration token of old",
        ),
        ({**NEEDED, "image": {"image": "gitlab-org/gitlab-runner"}}, "gitlab-runner's own"),
        ({**NEEDED, "runners": {"config": "[[runners]"}}, "is no TOML: toml: line"),
        ({**NEEDED, "runners": {"config": "[runners]\na = 1"}}, "write [[runners]]"),
        ({**NEEDED, "runners": {"config": "[[runners]]\n[[runners]]"}}, "has 2 [[runners]]"),
        (
            {
                **NEEDED,
                "runners": {
                    "config": "[[runners]]\n[runners.kubernetes]\nnamespace_per_job = true"
                },
            },
            "set `rbac.clusterWideAccess: true`",
        ),
    ],
)
def test_what_is_refused(values: dict[str, Any], sentence: str) -> None:
    refused = render(values).refused
    assert sentence in refused
    assert "glrt-" not in refused.replace("(glrt-…)", "")


def test_selectors_find_the_pods() -> None:
    found = render(
        {**NEEDED, "replicas": 2, "service": {"enabled": True}, "networkPolicy": {"enabled": True}}
    )
    spec = found.one("Deployment")["spec"]
    labels = spec["template"]["metadata"]["labels"].items()
    selectors = [
        spec["selector"]["matchLabels"],
        found.one("Service")["spec"]["selector"],
        found.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        found.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
    ]
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
    selectors.append(spread["labelSelector"]["matchLabels"])
    assert all(one and one.items() <= labels for one in selectors)


def test_notes_of_what_helm_cannot_take_away(tmp_path: Path) -> None:
    text = "[[runners]]\n[[runners.kubernetes.autoscaler.policy]]\nidle_count = 1"
    said = notes({**NEEDED, "runners": {"config": text}}, tmp_path)
    assert "kubectl -n ci scale deployment runner-podlane --replicas=0" in said
    assert "pause pods" not in notes(NEEDED, tmp_path)


def test_as_many_seats_as_managers_may_be() -> None:
    found = render({**NEEDED, "hpa": {"minReplicas": 1, "maxReplicas": 3}})
    deployment = found.one("Deployment")["spec"]
    env = deployment["template"]["spec"]["containers"][0]["env"]
    assert "replicas" not in deployment
    assert {"name": "PODLANE_REPLICAS", "value": "3"} in env
    assert len(found.all("Lease")) == 3
    assert not render({**NEEDED, "hpa": {"maxReplicas": 1}}).all("Lease")


def test_a_token_is_in_the_secret_only() -> None:
    found = render(NEEDED)
    token = NEEDED["runnerToken"]
    for one in found.objects:
        text = yaml.safe_dump(one)
        assert token not in text
        assert (base64.b64encode(token.encode()).decode() in text) == (one["kind"] == "Secret")


def test_what_follows_a_change(tmp_path: Path) -> None:
    """Another token or config is another pod; the same values are the same pod and system id."""

    def template(values: dict[str, Any]) -> Any:
        return render(values).one("Deployment")["spec"]["template"]

    assert template(NEEDED) == template({**NEEDED, "revisionHistoryLimit": 3})
    assert template(NEEDED) != template({**NEEDED, "concurrent": 3})
    assert template(NEEDED) != template({**NEEDED, "runnerToken": "glrt-other"})
