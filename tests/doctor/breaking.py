"""How the scenarios of the doctor break a world, and what following a fix does to it."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.certificates import authority
from harness.doctor import World
from harness.http_server import Said


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


def without_bucket(world: World) -> None:
    world.change(cache=world.kept["s3"].config())
    world.change(cache={"s3": {"BucketName": "nowhere"}})


def wrong_secret(world: World) -> None:
    world.change(cache=world.kept["s3"].config())
    world.change(cache={"s3": {"ServerAddress": "127.0.0.1:9"}})


def as_it_is(world: World, _: str) -> None:
    world.change(cache=world.kept["s3"].config())
