"""What holds for the pod of every golden case, whatever its config and its job ask for."""

from __future__ import annotations

from typing import Any

import pytest

from golden.cases import CASES, FOLDER, build_case, read_case

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
PODS = [name for name in CASES if (FOLDER / name / "pod.yaml").exists()]  # others are refused


def _mounts(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["mountPath"] for one in container.get("volumeMounts", ())}


@pytest.mark.parametrize("name", PODS)
def test_only_the_helper_holds_the_plan_and_it_holds_no_account(name: str) -> None:
    spec = build_case(name).pod["spec"]
    helper, *others = spec["containers"]
    assert helper["name"] == "helper"
    assert _mounts(helper)["plan"].endswith("/plan")
    assert ACCOUNT not in _mounts(helper).values()
    assert spec["automountServiceAccountToken"] is False
    for container in (*others, *spec.get("initContainers", ())):
        assert not {"plan", "spool", "tell"} & set(_mounts(container)), container["name"]


@pytest.mark.parametrize("name", PODS)
def test_containers_see_no_processes_of_others_and_no_secrets_by_environment(name: str) -> None:
    pod = build_case(name).pod
    assert not pod["spec"].get("shareProcessNamespace")
    job, context = read_case(name)
    secrets = {one.value for one in job.variables if one.masked and one.value}
    secrets |= {job.token.reveal(), context.runner.token.reveal()}
    text = str(pod)
    assert not [one for one in secrets if one in text]
