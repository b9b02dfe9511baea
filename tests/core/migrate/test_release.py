"""What is read out of a release's objects, and what its managers run with."""

from __future__ import annotations

import base64
import gzip
import json
import tomllib
from typing import Any

import pytest

from harness.release import OldRelease
from helm import catalogue
from podlane.cli.registered import registered
from podlane.core.migrate import start
from podlane.core.migrate.config import Moved, moved
from podlane.core.migrate.helm import newest, read_record
from podlane.core.migrate.left import left_behind, proxies_of
from podlane.core.migrate.pod import assemble, looks_like_one, register_words, sources, texts_of
from podlane.core.migrate.release import Release
from podlane.core.migrate.values import left_of_values
from podlane.core.text.token import Token
from podlane.errors import ConfigError, PodlaneError

TEMPLATE = """\
[[runners]]
  token = "ignored"
  limit = 4
  executor = "kubernetes"
  [runners.kubernetes]
    namespace = "jobs"
    image = "debian:12"
"""
MONITOR = "value `metrics.serviceMonitor.interval`"
GOOGLE = '{"client_email": "me@g.test", "private_key": "-----KEY-----\\nabc\\n"}'


def old(**more: Any) -> OldRelease:
    given: dict[str, Any] = {"url": "https://g.test", "token": "glrt-hidden", "template": TEMPLATE}
    return OldRelease("gl", "ci", **(given | more))


def read(wanted: OldRelease) -> Release:
    """As from the cluster: the Deployment, and of the rest only what it names."""
    objects = {(one["kind"], one["metadata"]["name"]): one for one in wanted.objects()}
    deployment = objects["Deployment", wanted.full]
    texts = {key: texts_of(objects[key]) for key in sources(deployment) if key in objects}
    helms = [one for (_, name), one in objects.items() if name.startswith("sh.helm.")]
    record = newest(helms)
    return assemble(deployment, texts, read_record(record) if record else None)


def made(wanted: OldRelease) -> tuple[Release, Moved]:
    release = read(wanted)
    given = registered(start.variables(release), release.words)
    return release, moved(release, given)


def runner(text: str) -> dict[str, Any]:
    (found,) = tomllib.loads(text)["runners"]
    assert isinstance(found, dict)
    return found


def test_the_config_that_a_manager_really_runs_with() -> None:
    release, found = made(old())
    assert tomllib.loads(found.before)["concurrent"] == 10
    assert runner(found.before) == {
        "name": "from the script",
        "url": "https://g.test",
        "token": "glrt-hidden",
        "executor": "kubernetes",
        "limit": 4,
        "kubernetes": {"namespace": "jobs", "image": "debian:12"},
    }
    assert (release.name, release.namespace, release.chart) == ("gl", "ci", "gitlab-runner-0.78.1")
    assert tomllib.loads(found.after) == tomllib.loads(found.before)
    assert left_behind(release, found, {}) == []


def test_variables_of_the_manager_beat_the_template() -> None:
    release = read(old())
    more = {
        "KUBERNETES_IMAGE": "alpine:3",
        "KUBERNETES_PRIVILEGED": "true",
        "RUNNER_OUTPUT_LIMIT": "8192",
        "KUBERNETES_NODE_SELECTOR": "disk=ssd,zone=a",
        "KUBERNETES_CPU_LIMIT": "",
    }
    container = release.deployment["spec"]["template"]["spec"]["containers"][0]
    container["env"] += [{"name": key, "value": value} for key, value in more.items()]
    release = assemble(release.deployment, {}, None)
    found = registered(start.variables(release), ["--kubernetes-helper-image", "h:1", "--unknown"])
    assert found == {
        "output_limit": 8192,
        "kubernetes": {
            "image": "alpine:3",
            "privileged": True,
            "node_selector": {"disk": "ssd", "zone": "a"},
            "helper_image": "h:1",
        },
    }


@pytest.mark.parametrize(
    ("keys", "cache"),
    [
        ({"accesskey": "a", "secretkey": "s"}, {"s3": {"AccessKey": "a", "SecretKey": "s"}}),
        (
            {"azure-account-name": "n", "azure-account-key": "k"},
            {"azure": {"AccountName": "n", "AccountKey": "k"}},
        ),
        (
            {"gcs-access-id": "i", "gcs-private-key": "one\\ntwo"},
            {"gcs": {"AccessID": "i", "PrivateKey": "one\ntwo"}},
        ),
        (
            {"gcs-application-credentials-file": GOOGLE},
            {"gcs": {"AccessID": "me@g.test", "PrivateKey": "-----KEY-----\nabc\n"}},
        ),
        ({"accesskey": "a"}, None),
    ],
)
def test_keys_of_the_cache(keys: dict[str, str], cache: dict[str, Any] | None) -> None:
    _, found = made(old(secrets={"cache": keys}))
    assert runner(found.after).get("cache") == cache


def test_limits_are_counted_over_all_managers() -> None:
    release, found = made(old(replicas=2, session=True))
    after = tomllib.loads(found.after)
    assert after["concurrent"] == 20
    assert after["runners"][0]["limit"] == 8
    assert [(one.before, one.after) for one in found.changes] == [(10, 20), (4, 8)]
    assert "session_server" not in after
    (row,) = left_behind(release, found, {})
    assert row.what.startswith("session server")


def test_a_new_token_in_the_place_of_the_registration_token() -> None:
    _, found = made(old(token_key="runner-registration-token"))
    assert runner(found.after)["token"] == "glrt-hidden"


def test_a_token_that_only_the_pod_knows() -> None:
    wanted = old(token_key="runner-registration-token", token="GR1348941hidden")
    with pytest.raises(ConfigError, match=r"its own token is only in its pod\n") as told:
        made(wanted)
    assert "exec deploy/gl-gitlab-runner -- cat" in told.value.hint
    wanted.lifecycle = {"preStop": {"exec": {"command": ["/entrypoint", "unregister"]}}}
    with pytest.raises(ConfigError, match="the pod takes the runner away") as told:
        made(wanted)
    assert "hidden" not in str(told.value)


def test_no_token_at_all() -> None:
    with pytest.raises(ConfigError, match="names no runner token"):
        made(old(token=""))


def test_a_shell_runner_alone_and_beside_another() -> None:
    release = read(old(template=TEMPLATE.replace('"kubernetes"', '"shell"')))
    shell = '[[runners]]\nname = "s"\nurl = "https://g.test"\ntoken = "t"\nexecutor = "shell"\n'
    release.deployment["spec"]["template"]["spec"]["volumes"][2]["configMap"]["name"] = "x"
    alone = assemble(release.deployment, {("ConfigMap", "x"): _texts(shell)}, None)
    assert moved(alone, {}).skipped == ()  # for the check of the whole file to say
    both = _texts(shell + shell.replace('"shell"', '"kubernetes"').replace('"t"', '"u"'))
    found = moved(assemble(release.deployment, {("ConfigMap", "x"): both}, None), {})
    assert found.skipped == (("s", "shell"),)
    assert "shell" not in found.before  # nothing of it is shown
    assert runner(found.after)["token"] == "u"


def test_a_config_by_hand_with_a_token_from_a_variable() -> None:
    text = '[[runners]]\nurl = "https://g.test"\ntoken = "$MY_TOKEN"\nexecutor = "kubernetes"\n'
    release = read(old())
    pod = release.deployment["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "config", "configMap": {"name": "by-hand"}}]
    reference = {"secretKeyRef": {"name": "mine", "key": "token"}}
    pod["containers"][0]["env"] = [{"name": "MY_TOKEN", "valueFrom": reference}]
    assert set(sources(release.deployment)) == {("ConfigMap", "by-hand"), ("Secret", "mine")}
    texts = {
        ("ConfigMap", "by-hand"): _texts(text),
        ("Secret", "mine"): texts_of({"kind": "Secret", "data": {"token": "Z2xydC14"}}),
    }
    found = moved(assemble(release.deployment, texts, None), {})
    assert runner(found.after)["token"] == "glrt-x"


def test_nothing_to_go_by() -> None:
    release = read(old())
    with pytest.raises(ConfigError, match=r"no config\.toml with runners was found"):
        moved(assemble(release.deployment, {}, None), {})


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ({"concurrent": 4, "rbac": {"create": True}, "metrics": {"enabled": True}}, []),
        ({"nodeSelector": {"a": "b"}, "hpa": {}, "useTini": False, "image": None}, []),
        ({"hpa": {"minReplicas": 1}}, ["value `hpa`"]),
        ({"rbac": {"rules": [{"verbs": ["get"]}]}}, ["value `rbac.rules`"]),
        ({"runners": {"tags": "x", "config": "y"}}, ["value `runners.tags`"]),
        ({"runners": {"cache": {"cacheType": "s3"}, "privileged": True}}, []),
        ({"metrics": {"serviceMonitor": {"enabled": True, "interval": "1m"}}}, [MONITOR]),
        ({"sessionServer": {"enabled": True, "timeout": 5}}, ["session server"]),
        ({"nobody": {"knows": 1}}, ["value `nobody.knows`"]),
    ],
)
def test_values_that_do_not_go_on(values: dict[str, Any], left: list[str]) -> None:
    release, found = made(old(values=values))
    rows = left_behind(release, found, {})
    assert [row.what.removesuffix(" (interactive web terminals)") for row in rows] == left


def test_what_the_objects_show_that_does_not_go_on() -> None:
    release = read(old())
    spec = release.deployment["spec"]["template"]
    pod = spec["spec"]
    spec["metadata"]["annotations"] = {
        "prometheus.io/scrape": "true",
        "team": "a",
        "checksum/x": "",
    }
    pod["serviceAccountName"] = "of-the-release"
    release.deployment["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"] = "gl"
    pod["containers"].append({"name": "proxy"})
    pod["initContainers"] = [{"name": "configure"}, {"name": "fetch"}]
    pod["volumes"].append({"name": "extra", "emptyDir": {}})
    pod["volumes"].append({"name": "custom-certs", "secret": {"secretName": "ca"}})
    mount = {"name": "custom-certs", "mountPath": "/home/gitlab-runner/.gitlab-runner/certs/"}
    pod["containers"][0]["volumeMounts"].append(mount)
    pod["containers"][0]["resources"] = {"limits": {"cpu": "1"}}
    for name in ("MINE", "HTTPS_PROXY", "HTTP_PROXY"):
        value = "http://me:secret@p.test" if name == "HTTP_PROXY" else "http://p.test"
        pod["containers"][0]["env"].append({"name": name, "value": value})
    config = TEMPLATE.replace('"jobs"', '"jobs"\n    service_account = "of-the-release"')
    texts = {
        ("ConfigMap", "gl-gitlab-runner"): texts_of(
            {
                "kind": "ConfigMap",
                "data": {"config.template.toml": config, "pre-entrypoint-script": "apk add x\n"},
            }
        ),
        ("Secret", "gl-gitlab-runner"): {"runner-token": Token("glrt-x")},
        ("Secret", "ca"): {"g.test.crt": Token("PEM"), "g.test.auth.key": Token("KEY")},
    }
    release = assemble(release.deployment, texts, None)
    found = moved(release, {})
    assert release.certificates == {"g.test.crt": "PEM", "g.test.auth.key": "KEY"}
    rows = left_behind(release, found, {"eks.amazonaws.com/role-arn": "x"}, "mine")
    assert [row.what for row in rows] == [
        "Flux holds the old Deployment",
        "preEntrypointScript",
        "variable HTTP_PROXY of the manager",
        "variable MINE of the manager",
        "volume extra of the manager",
        "container proxy beside the manager",
        "init container fetch",
        "resources of the manager",
        "client certificate g.test.auth.key",
        "annotations for Prometheus",
        "annotation team of the manager's pod",
        "ServiceAccount of-the-release, which jobs use (service_account)",
        "annotation eks.amazonaws.com/role-arn of the ServiceAccount",
    ]
    assert "secret" not in "".join(f"{row.why}{row.do}" for row in rows)
    assert proxies_of(release) == {"HTTPS_PROXY": "http://p.test"}


def test_a_record_of_a_chart_that_holds_it() -> None:
    packed = gzip.compress(
        json.dumps(
            {
                "chart": {"metadata": {"name": "gitlab", "version": "9.1.0"}},
                "config": {"global": {}, "gitlab-runner": {"concurrent": 3}},
            }
        ).encode()
    )
    data = base64.b64encode(base64.b64encode(packed)).decode()
    record = read_record({"metadata": {"name": "x"}, "data": {"release": data}})
    assert (record.chart, record.values) == ("gitlab-9.1.0", {"concurrent": 3})


def test_what_runs_gitlab_runner_and_what_does_not() -> None:
    deployment = read(old()).deployment
    assert looks_like_one(deployment)
    labels = deployment["metadata"]["labels"]
    labels["app.kubernetes.io/managed-by"] = "podlane-deploy"
    assert not looks_like_one(deployment)
    del labels["app.kubernetes.io/managed-by"], labels["chart"]
    assert not looks_like_one(deployment)
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "r.test/gitlab-runner:v18"
    assert looks_like_one(deployment)


def test_a_record_of_helm_that_is_none() -> None:
    secret = {"metadata": {"name": "sh.helm.release.v1.x.v1"}, "data": {"release": "bm90aGluZw=="}}
    with pytest.raises(PodlaneError, match="is no record of Helm's"):
        read_record(secret)


def test_the_newest_record_is_the_one_in_force() -> None:
    def one(version: str, status: str) -> dict[str, Any]:
        return {"metadata": {"labels": {"version": version, "status": status}}}

    records = [one("9", "superseded"), one("10", "deployed"), one("11", "failed")]
    assert newest(records) == records[1]
    assert newest(records[:1]) == records[0]
    assert newest([]) is None


def test_the_words_of_a_script() -> None:
    script = '#!/bin/sh\n/entrypoint register \\\n  --name="a b" \\\n  --non-interactive\nexit\n'
    assert register_words(script) == ("--name=a b", "--non-interactive")
    assert register_words("register-the-runner: 'open\n") == ()


def _texts(config: str) -> Any:
    return texts_of({"kind": "ConfigMap", "data": {"config.toml": config}})


def test_every_value_of_the_official_chart_is_known() -> None:
    for one in catalogue.values():
        if one.verdict == "own" or one.type == "map":
            continue
        *before, last = one.value.split(".")
        values: dict[str, Any] = {}
        inner = values
        for step in before:
            inner = inner.setdefault(step, {})
        inner[last] = "something"
        rows = left_of_values(Release("gl", "ci", {}, values=values, is_of_values=True))
        assert not [row for row in rows if "does not know" in row.why], one.value
