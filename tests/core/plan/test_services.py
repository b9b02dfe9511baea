"""The services of a job and of the runner: names, ports, what they see, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from core.plan import ask
from podlane.core.plan import ports
from podlane.errors import JobRefused

NAMES = [
    (["", ""], ["svc-0", "svc-1"]),
    (["db"], ["db"]),
    (["alpine,foo,bar"] * 4, ["alpine", "foo", "bar", "svc-3"]),
    (["alpine foo bar"] * 2, ["alpine", "foo"]),
    (["db", "db"], ["db", "svc-1"]),
    (["build helper"], ["svc-0"]),
    (["db.example.com"], ["svc-0"]),
    (["svc-1", ""], ["svc-1", "svc-2"]),
    (["DB"], ["db"]),
]


@pytest.mark.parametrize(("aliases", "names"), NAMES)
def test_a_container_is_named_by_its_first_free_alias(aliases: list[str], names: list[str]) -> None:
    asked = ask.job(services=[{"name": "alpine", "alias": alias} for alias in aliases])
    assert list(ask.containers(asked))[2:] == names
    assert [one.name for one in ask.plan(asked).services] == names


HOSTS = [
    ("postgres:16", ["postgres"]),
    ("acme/api:1", ["acme-api"]),
    ("registry.test:5000/acme/api@sha256:abc", ["registry.test-acme-api"]),
]


@pytest.mark.parametrize(("image", "hosts"), HOSTS)
def test_a_service_is_reached_by_its_images_name_and_all_aliases(
    image: str, hosts: list[str]
) -> None:
    asked = ask.job(services=[{"name": image, "alias": "db, cache"}])
    aliases = ask.pod(asked)["spec"]["hostAliases"]
    assert aliases == [{"ip": "127.0.0.1", "hostnames": [*hosts, "db", "cache"]}]


CONFIGURED = """
pull_policy = ["if-not-present"]
[[runners.kubernetes.services]]
name = "redis:$VERSION"
alias = "cache"
command = ["redis-server"]
environment = ["A=b$VERSION", "HEALTHCHECK_TCP_PORT=6379"]
[[runners.kubernetes.services]]
name = "second:1"
"""


def test_services_of_the_runner_come_first() -> None:
    variables = [{"key": "VERSION", "value": "7", "public": True}]
    asked = ask.job(services=[{"name": "db:1"}], variables=variables)
    made = ask.containers(asked, ask.context(CONFIGURED))
    assert list(made) == ["helper", "build", "cache", "svc-1", "svc-2"]
    assert [made[name]["image"] for name in ("cache", "svc-1", "svc-2")] == [
        "redis:7",
        "second:1",
        "db:1",
    ]
    assert made["cache"]["args"] == ["redis-server"]
    first = ask.plan(asked, ask.context(CONFIGURED)).services[0]
    assert (first.ports, first.seconds) == ((6379,), 300.0)


PORTS = [
    ("5432", ()),
    ("5432 5433", ()),
    ("5432,5433", ()),
    ("", (80, 443)),
    ("80", (80, 443)),
]


@pytest.mark.parametrize(("check", "declared"), PORTS)
def test_ports_that_are_asked_for(check: str, declared: tuple[int, ...]) -> None:
    own = [{"key": "HEALTHCHECK_TCP_PORT", "value": check}] if check else []
    service: dict[str, Any] = {"name": "s", "variables": own}
    service["ports"] = [{"number": number} for number in declared]
    wanted = dict.fromkeys([*map(int, check.replace(",", " ").split()), *declared])
    assert ask.plan(ask.job(services=[service])).services[0].ports == tuple(wanted)


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "9" * 40, "80x"])
def test_a_port_that_is_none_is_a_warning(text: str) -> None:
    own = [{"key": "HEALTHCHECK_TCP_PORT", "value": text}]
    asked = ask.job(services=[{"name": "s", "variables": own}])
    assert "HEALTHCHECK_TCP_PORT of service svc-0 is no port" in ask.warnings(asked)
    assert ask.plan(asked).services[0].ports == ()


def test_two_services_that_the_job_puts_on_one_port_are_refused() -> None:
    own = [{"key": "HEALTHCHECK_TCP_PORT", "value": "80"}]
    services = [
        {"name": "a", "alias": "first", "variables": own},
        {"name": "b", "ports": [{"number": 80}]},
    ]
    with pytest.raises(JobRefused, match="first and svc-1 are both put on port 80"):
        ask.plan(ask.job(services=services))


SHARED_BY_IMAGE = [
    ([{"name": "postgres:16"}, {"name": "registry.test/postgis:3"}], True),
    ([{"name": "postgres:16"}, {"name": "redis:7"}], False),
    ([{"name": "postgres:16"}, {"name": "postgres:15", "command": ["-p", "5433"]}], False),
    ([{"name": "a"}, {"name": "b"}], False),
]


@pytest.mark.parametrize(("services", "is_said"), SHARED_BY_IMAGE)
def test_two_images_of_one_usual_port_are_a_warning(
    services: list[dict[str, Any]], *, is_said: bool
) -> None:
    said = ask.warnings(ask.job(services=services))
    assert ("both listen on port 5432" in said) == is_said


@pytest.mark.parametrize("image", ["postgres", "postgres:16", "h:5000/x/postgres@sha256:ab"])
def test_the_usual_port_of_an_image(image: str) -> None:
    assert ports.usual(image) == 5432


def test_logs_of_services_need_the_runners_word() -> None:
    allowed = ask.context(podlane="service_logs = true")

    def asked(value: str, services: list[dict[str, Any]]) -> str:
        variables = [{"key": "CI_DEBUG_SERVICES", "value": value, "public": True}]
        job = ask.job(services=services, variables=variables)
        assert ask.plan(job, allowed).service_logs is (value == "true" and bool(services))
        assert not ask.plan(job).service_logs
        assert "CI_DEBUG_SERVICES needs" not in ask.warnings(job, allowed)
        return ask.warnings(job)

    assert "CI_DEBUG_SERVICES needs the right to read logs" in asked("true", [{"name": "s"}])
    assert "CI_DEBUG_SERVICES" not in asked("false", [{"name": "s"}])
    assert "CI_DEBUG_SERVICES" not in asked("true", [])
    said = asked("blammo", [{"name": "s"}])
    assert said == "CI_DEBUG_SERVICES is ignored: its value is not true or false"


def test_a_service_may_be_kept_out() -> None:
    where = ask.context('allowed_services = ["registry.test/**", "redis:*"]')
    for image in ("registry.test/a/b:1", "redis:7"):
        assert ask.plan(ask.job(services=[{"name": image}]), where)
    with pytest.raises(JobRefused, match="does not allow the image 'postgres:16'"):
        ask.plan(ask.job(services=[{"name": "postgres:16"}]), where)
    own = 'allowed_services = ["a"]\n[[runners.kubernetes.services]]\nname = "b"'
    assert ask.plan(ask.job(), ask.context(own)).services[0].image == "b"


def test_resources_of_one_service_by_its_own_variables() -> None:
    where = ask.context(
        'service_memory_limit = "1Gi"\nservice_memory_limit_overwrite_max_allowed = "2Gi"'
    )
    own = [{"key": "KUBERNETES_SERVICE_MEMORY_LIMIT", "value": "2Gi"}]
    asked = ask.job(services=[{"name": "a", "variables": own}, {"name": "b"}])
    made = ask.containers(asked, where)
    limits = [made[name]["resources"]["limits"]["memory"] for name in ("svc-0", "svc-1")]
    assert limits == ["2Gi", "1Gi"]
    said = [note.text for note in ask.plan(asked, where).notes]
    assert '"service_memory_limit" of service svc-0 overwritten with "2Gi"' in said


def test_a_services_own_user() -> None:
    opts = {"kubernetes": {"user": "1002:1003"}}
    asked = ask.job(services=[{"name": "a", "executor_opts": opts}, {"name": "b"}])
    made = ask.containers(asked)
    context = made["svc-0"]["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (1002, 1003)
    assert "runAsUser" not in made["svc-1"]["securityContext"]
    own = "[runners.kubernetes.service_container_security_context]\nrun_as_user = 7"
    made = ask.containers(asked, ask.context(own))
    assert made["svc-0"]["securityContext"]["runAsUser"] == 7
