"""Each check: a world in which it fails, and what it prints, followed, mends it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from doctor.breaking import (
    a_name_for_some,
    another_name,
    as_it_is,
    clock_ahead,
    cluster_away,
    cluster_back,
    ended,
    fault,
    https,
    make,
    mounts,
    new_token,
    no_faults,
    no_such_file,
    nobody_there,
    not_root,
    redirected,
    removed_runner,
    rename,
    renew,
    restricted,
    right_bearer,
    right_file,
    right_time,
    right_value,
    sub_path,
    to_kept_url,
    to_url_of_fix,
    trust,
    with_trial,
    without_bucket,
    wrong_bearer,
    wrong_secret,
    wrong_value,
)
from harness import embedded
from harness.doctor import TOKEN, Scenario, World, play
from podlane.core.config.check import check
from podlane.core.config.model import RunnerConfig
from podlane.core.pod.manifests import Manifests
from podlane.doctor.examine import examine
from podlane.doctor.patient import Patient
from podlane.errors import JobRefused
from podlane.local.cluster.faults import NoRight, PullFails, Refused
from stores.s3 import S3


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """All is well."""
    async with embedded.serve(tmp_path, tmp_path) as cluster:
        config = cluster.runner() | {"name": "one", "token": TOKEN, "executor": "kubernetes"}
        made = World(tmp_path, config, cluster, environ=dict(cluster.environ()))
        made.secrets += (cluster.cluster.token,)
        with made.stack:
            made.serve()
            yield made


SCENARIOS = (
    Scenario("a value of the wrong kind", "config", "limit", "", wrong_value, right_value),
    Scenario("no GitLab there", "gitlab", "refused", "check `url`", nobody_there, to_kept_url),
    Scenario("GitLab has moved", "gitlab", "sends us to", "set `url", redirected, to_url_of_fix),
    Scenario("an unknown CA", "tls", "CA O=trustme", "`tls-ca-file", https(), trust),
    Scenario("a certificate that has ended", "tls", "has ended", "renew it", ended, renew),
    Scenario("no such CA file", "tls", "nowhere.crt", "`tls-ca-file`", no_such_file, right_file),
    Scenario("a name the certificate lacks", "tls", "localhost", "`url`", another_name, rename),
    Scenario(
        "another time", "gitlab clock", "behind that of", "NTP", clock_ahead, right_time, "warn"
    ),
    Scenario(
        "a removed runner", "token", "not take", "`podlane register`", removed_runner, new_token
    ),
    Scenario("not GitLab's address", "token", "no runner API", "`url`", sub_path, to_kept_url),
    Scenario("no API server", "cluster", "refused", "is up", cluster_away, cluster_back),
    Scenario("a wrong bearer token", "cluster", "", "bearer_token", wrong_bearer, right_bearer),
    Scenario(
        "no right to make pods",
        "cluster rights",
        "pods: may not create in default",
        "--verb=create --resource=pods",
        fault(NoRight(verb="create", resource="pods")),
        no_faults,
    ),
    Scenario(
        "a quota below one pod",
        "quota and limits",
        "one pod is more than",
        "edit quota compute",
        fault(
            Refused(why="exceeded quota: compute, requested: pods=1, used: pods=0, limited: pods=0")
        ),
        no_faults,
    ),
    Scenario(
        "a quota used up",
        "quota and limits",
        "used pods=5",
        "lower `concurrent`",
        fault(Refused()),
        no_faults,
        "warn",
    ),
    Scenario(
        "a namespace that is strict",
        "pod security",
        "restricted",
        "run_as_user",
        restricted,
        not_root,
    ),
    Scenario(
        "no priority class",
        "admission",
        "no PriorityClass with name urgent",
        "kubectl create priorityclass urgent",
        fault(Refused(why="no PriorityClass with name urgent was found")),
        no_faults,
    ),
    Scenario(
        "no namespace",
        "namespace",
        "there is no namespace nowhere",
        "kubectl create namespace nowhere",
        lambda world: world.change(kubernetes={"namespace": "nowhere"}),
        lambda world, _: world.cluster.cluster.create(
            {"kind": "Namespace", "metadata": {"name": "nowhere"}}
        ),
    ),
    Scenario(
        "no service account",
        "service account",
        "no service account default",
        "create serviceaccount default",
        fault(Refused(why='error looking up service account: serviceaccount "default" not found')),
        no_faults,
    ),
    Scenario(
        "no Secret",
        "secrets",
        "no Secret of-ours",
        "create secret",
        mounts("secret"),
        make("Secret"),
    ),
    Scenario(
        "no Secret with its key",
        "secrets",
        "no Secret of-ours",
        "create secret",
        mounts("secret", items={"auth": "auth"}),
        make("Secret", "auth"),
    ),
    Scenario(
        "no ConfigMap",
        "secrets",
        "no ConfigMap of-ours",
        "create configmap",
        mounts("config_map"),
        make("ConfigMap"),
    ),
    Scenario(
        "an image that is not there",
        "images",
        "was not found",
        "check the image's name",
        with_trial(PullFails(container="build")),
        no_faults,
    ),
    Scenario(
        "a name that pods cannot resolve",
        "gitlab from a pod",
        "cannot resolve the name of gitlab.invalid",
        "`host_aliases`",
        a_name_for_some,
        to_kept_url,
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
async def test_a_check_fails_and_its_fix_mends_it(world: World, scenario: Scenario) -> None:
    await play(world, scenario)


STORES = (
    Scenario("no bucket", "cache", "NoSuchBucket", "`BucketName`", without_bucket, as_it_is),
    Scenario("no store", "cache", "refused", "`ServerAddress`", wrong_secret, as_it_is),
)


@pytest.mark.parametrize("scenario", STORES, ids=lambda one: one.name)
async def test_a_store_fails_and_the_fix_mends_it(
    world: World, scenario: Scenario, one_s3: S3
) -> None:
    world.kept["s3"] = one_s3
    world.secrets += (one_s3.secret_key,)
    await play(world, scenario)


async def test_of_several_runners_each_is_named_and_none_tells_a_secret(world: World) -> None:
    """A URL with credentials in it, and a runner whose jobs have to name an allowed image."""
    world.config["url"] = world.config["url"].replace("://", "://jane:of-jane@")
    more = {"name": "two", "url": "http://joe:of-joe@127.0.0.1:9", "token": "glrt-of-two"}
    kubernetes = world.config["kubernetes"] | {"image": "", "allowed_images": ["debian:*"]}
    world.others.append(world.config | more | {"kubernetes": kubernetes})
    world.secrets += ("of-jane", "of-joe", "glrt-of-two")
    code, found = await world.look()
    assert code == 1
    token = {one.state: one.message for one in found if one.check == "token"}
    assert token["ok"].startswith("one: ")
    assert [one.state for one in found if one.check == "quota and limits"] == ["ok", "ok"]
    assert {one.check for one in found if one.state == "FAIL"} == {"gitlab"}


async def test_a_clock_that_is_wrong_here(world: World) -> None:
    def refuse(_: RunnerConfig) -> Manifests:
        raise JobRefused("no pod is wanted")

    async def clocks(ahead: float) -> dict[str, str]:
        patient = Patient(
            check(world.write().read_text(), {}).config.runners,
            world.folder,
            {},
            "r_abcdefghijkl",
            refuse,
            now=lambda: time.time() + ahead,
        )
        found = [one async for one in examine(patient)]
        return {one.check: one.state for one in found if one.check.endswith(" clock")}

    assert await clocks(100) == {"gitlab clock": "warn", "cluster clock": "warn"}
    assert await clocks(-100) == {"gitlab clock": "warn", "cluster clock": "warn"}
    assert await clocks(0) == {"gitlab clock": "ok", "cluster clock": "ok"}


async def test_all_is_well_and_nothing_stays(world: World) -> None:
    world.words.append("--trial-pod")
    code, found = await world.look()
    assert code == 0
    states = {one.check: one.state for one in found}
    assert states.pop("tls") == states.pop("cache") == "skip"
    assert set(states.values()) == {"ok"}, found
    assert len(states) == 13
    here = {one.check for one in (*SCENARIOS, *STORES)}
    assert {one.check for one in found} - here == {"cluster clock"}, "a line that no scenario fails"
    assert not await world.cluster.objects()
