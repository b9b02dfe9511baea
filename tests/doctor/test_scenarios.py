"""Each check: a world in which it fails, and what it prints, followed, mends it."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness import embedded
from harness.certificates import authority
from harness.doctor import TOKEN, Scenario, World, play
from harness.http_server import Said
from podlane.local.cluster.faults import NoRight, PullFails, Refused
from stores.s3 import S3

pytest_plugins = ("stores.fixtures",)


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


def https(*names: str) -> Any:
    """GitLab under a certificate that nobody here knows."""

    def breaks(world: World) -> None:
        world.kept["ca"] = ca = authority()
        world.serve(ca.server(*names))

    return breaks


def trust(world: World, fix: str) -> None:
    assert "O=trustme" in fix
    world.change(**{"tls-ca-file": world.kept["ca"].file(world.folder)})


def rename(world: World, _: str) -> None:
    """The name that the certificate is for."""
    url = re.sub("127.0.0.1", "localhost", world.config["url"])
    world.change(url=url, **{"tls-ca-file": world.kept["ca"].file(world.folder)})


def another_name(world: World) -> None:
    https("localhost")(world)
    world.change(**{"tls-ca-file": world.kept["ca"].file(world.folder)})


def ended(world: World) -> None:
    """A certificate that nobody renewed."""
    world.kept["ca"] = ca = authority()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    ca.ca.issue_cert("127.0.0.1", not_after=yesterday).configure_cert(context)
    world.serve(context)
    world.change(**{"tls-ca-file": ca.file(world.folder)})


def renew(world: World, _: str) -> None:
    world.serve(world.kept["ca"].server())


def no_such_file(world: World) -> None:
    https()(world)
    world.change(**{"tls-ca-file": f"{world.folder}/nowhere.crt"})


def right_file(world: World, _: str) -> None:
    world.change(**{"tls-ca-file": world.kept["ca"].file(world.folder)})


def nobody_there(world: World) -> None:
    world.kept["url"] = world.config["url"]
    world.change(url="http://127.0.0.1:9")


def redirected(world: World) -> None:
    elsewhere = world.config["url"]
    world.kept["url"] = elsewhere
    world.gitlab = type(world.gitlab)(said=Said(301, {"Location": f"{elsewhere}/api/v4/version"}))
    world.serve()


def to_url_of_fix(world: World, fix: str) -> None:
    told = re.search(r'url = "([^"]+)"', fix)
    assert told is not None
    world.change(url=told[1])


def to_kept_url(world: World, _: str) -> None:
    world.change(url=world.kept["url"])


def clock_ahead(world: World) -> None:
    world.gitlab.ahead = 300


def right_time(world: World, _: str) -> None:
    world.gitlab.ahead = 0


def removed_runner(world: World) -> None:
    world.gitlab.tokens.clear()


def new_token(world: World, _: str) -> None:
    world.gitlab.tokens.add("glrt-another-one")
    world.change(token="glrt-another-one")


def sub_path(world: World) -> None:
    world.kept["url"] = world.config["url"]
    world.change(url=world.config["url"] + "/gitlab")


async def cluster_away(world: World) -> None:
    await world.cluster.cluster.refuse_connections()


async def cluster_back(world: World, _: str) -> None:
    await world.cluster.cluster.accept_connections()


def wrong_bearer(world: World) -> None:
    world.kept["bearer"] = world.config["kubernetes"]["bearer_token"]
    world.change(kubernetes={"bearer_token": "of somebody else"})


def right_bearer(world: World, _: str) -> None:
    world.change(kubernetes={"bearer_token": world.kept["bearer"]})


def fault(given: Any) -> Any:
    return lambda world: world.cluster.cluster.faults.add(given)


def no_faults(world: World, _: str) -> None:
    world.cluster.cluster.faults.clear()


async def restricted(world: World) -> None:
    await world.cluster.enforce("restricted")


def not_root(world: World, _: str) -> None:
    secure = {"run_as_non_root": True, "run_as_user": 1000}
    world.change(kubernetes={"pod_security_context": secure})


def mounts(kind: str, **more: Any) -> Any:
    def breaks(world: World) -> None:
        volume = {"name": "of-ours", "mount_path": f"{world.folder}/cluster/of-ours", **more}
        world.change(kubernetes={"volumes": {kind: [volume]}})

    return breaks


def make(kind: str, *keys: str) -> Any:
    """What `kubectl create` of the fix makes."""

    def mend(world: World, fix: str) -> None:
        assert all(f"--from-file={key}=" in fix for key in keys)
        data = dict.fromkeys(keys or ("any",), "Zm9v")
        world.cluster.cluster.create({"kind": kind, "metadata": {"name": "of-ours"}, "data": data})

    return mend


def wrong_value(world: World) -> None:
    world.change(limit="many")


def right_value(world: World, _: str) -> None:
    world.change(limit=3)


def with_trial(given: Any) -> Any:
    def breaks(world: World) -> None:
        world.words.append("--trial-pod")
        world.cluster.cluster.faults.add(given)

    return breaks


def a_name_for_some(world: World) -> None:
    """We go by a proxy, which knows the name; pods do not."""
    world.kept["url"] = world.config["url"]
    world.words.append("--trial-pod")
    world.environ |= {"HTTP_PROXY": world.config["url"]}
    world.change(url="http://gitlab.invalid")


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


def without_bucket(world: World) -> None:
    world.change(cache=world.kept["s3"].config())
    world.change(cache={"s3": {"BucketName": "nowhere"}})


def wrong_secret(world: World) -> None:
    world.change(cache=world.kept["s3"].config())
    world.change(cache={"s3": {"ServerAddress": "127.0.0.1:9"}})


def as_it_is(world: World, _: str) -> None:
    world.change(cache=world.kept["s3"].config())


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


async def test_all_is_well_and_nothing_stays(world: World) -> None:
    world.words.append("--trial-pod")
    code, found = await world.look()
    assert code == 0
    states = {one.check: one.state for one in found}
    assert states.pop("tls") == states.pop("cache") == "skip"
    assert set(states.values()) == {"ok"}, found
    assert len(states) == 13
    assert not await world.cluster.objects()
