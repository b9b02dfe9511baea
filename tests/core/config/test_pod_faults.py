"""What Kubernetes would refuse in every pod is refused with the file: key, line and reason."""

from __future__ import annotations

import pytest

from podlane.core.config.container import PodSpecPatch
from podlane.core.config.model import RunnerConfig
from podlane.core.config.parse import parse
from podlane.core.config.patches import read as read_patch
from podlane.errors import ConfigError

HEAD = """
[[runners]]
url = "https://gitlab.example"
token = "glrt-secret"
[runners.podlane]
pod_dir = "/own/$CI_JOB_ID"
[runners.kubernetes]
"""
START = HEAD.count("\n") + 1  # the line that follows


def read(text: str) -> RunnerConfig:
    config, notes = parse(HEAD + text, {})
    assert not notes
    return config.runners[0]


def volume(kind: str, **more: str) -> str:
    keys = {"name": "'a'", "mount_path": "'/a'", **more}
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f"[[runners.kubernetes.volumes.{kind}]]\n{lines}"


LATER = "during_scheduling_ignored_during_execution"
AFFINITY = "[[runners.kubernetes.affinity"
NODES = f"{AFFINITY}.node_affinity.required_{LATER}.node_selector_terms]]\n"
NEAR = f"{AFFINITY}.pod_affinity.preferred_{LATER}]]\n"
FAR = f"{AFFINITY}.pod_anti_affinity.required_{LATER}]]\ntopology_key = 'a'\n"
BAD_LABEL = "label_selector.match_expressions = [{key = 'a', operator = 'Gt', values = ['1']}]"
BAD_SPACE = (
    "namespace_selector.match_expressions = [{key = 'a', operator = 'Exists', values = ['1']}]"
)
PATCH = "[[runners.kubernetes.pod_spec]]\n"
HOOK = "[runners.kubernetes.container_lifecycle.pre_stop]\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            volume("pvc") + volume("secret", name="'b'"),
            3,
            "pvc[0].mount_path` is also the path of `kubernetes.volumes.secret[0]`: /a",
        ),
        (
            volume("pvc") + volume("pvc", mount_path="'a/'"),
            6,
            "is also the path of `kubernetes.volumes.pvc[0]`: /a",
        ),
        (
            volume("pvc", mount_path="'$A'") + volume("pvc", mount_path="'$A'"),
            6,
            "of `kubernetes.volumes.pvc[0]`: $A",
        ),
        (volume("pvc", mount_path="'/'"), 3, "must be a folder or file below /"),
        (volume("pvc", mount_path="''"), 3, "must be a folder or file below /"),
        (
            volume("pvc", mount_path="'/own/$CI_JOB_ID/lane'"),
            3,
            "lies in podlane's own folder /own/$CI_JOB_ID",
        ),
        (volume("pvc", sub_path="'/x'"), 4, "volumes.pvc[0].sub_path` must be relative"),
        (volume("pvc", sub_path="'a/../../b'"), 4, "must not contain `..`"),
        (
            volume("pvc", mount_propagation="'Both'"),
            4,
            "must be one of: None, HostToContainer, Bidirectional",
        ),
        (
            volume("host_path", host_path="'/a/../b'"),
            4,
            "host_path[0].host_path` must not contain `..`",
        ),
        (volume("empty_dir", medium="'memory'"), 4, "empty_dir[0].medium` must be `Memory`"),
        (
            volume("secret", items="{k = '../x'}"),
            4,
            "secret[0].items` has for 'k' a path that must not contain `..`",
        ),
        (volume("config_map", items="{k = ''}"), 4, "has for 'k' a path that must not be empty"),
        (volume("csi"), 1, "kubernetes.volumes.csi[0]` lacks `driver`"),
        (volume("csi", driver="''"), 4, "csi[0].driver` must name a CSI driver"),
        (volume("nfs", path="'/x'"), 1, "kubernetes.volumes.nfs[0]` lacks `server`"),
        (volume("nfs", server="'s'"), 1, "lacks `path`"),
        (volume("nfs", server="''", path="'/x'"), 4, "nfs[0].server` must name a server"),
        (
            volume("nfs", server="'s'", path="'x'"),
            5,
            "must be an absolute path of the server, and is 'x'",
        ),
        (
            volume("empty_dir") + volume("secret", mount_path="'/b'"),
            2,
            "empty_dir[0].name` is also the name of `kubernetes.volumes.secret[0]`, another",
        ),
        (
            volume("host_path") + volume("host_path", mount_path="'/b'"),
            5,
            "host_path[1].name` is also the name of `kubernetes.volumes.host_path[0]`,",
        ),
        (
            "dns_policy = 'None'",
            1,
            "dns_policy` is `none`, and `dns_config.nameservers` names no server",
        ),
        (
            "dns_config.nameservers = ['1.1.1.1', 'x']",
            1,
            "dns_config.nameservers[1]` is no IP address: 'x'",
        ),
        ("dns_config.nameservers = ['1.1.1.1', '2.2.2.2', '::1', '::2']", 1, "must be 3 at most"),
        (
            "dns_config.searches = ['A.b']",
            1,
            "dns_config.searches[0]` is no domain in small letters: 'A.b'",
        ),
        (
            "[[runners.kubernetes.dns_config.options]]\nvalue = '2'",
            1,
            "options[0]` lacks `name`",
        ),
        (
            "[[runners.kubernetes.host_aliases]]\nip = 'host'",
            2,
            "host_aliases[0].ip` is no IP address: 'host'",
        ),
        (
            "[[runners.kubernetes.host_aliases]]\nip = '::1'\nhostnames = ['ok', 'a_b']",
            3,
            "host_aliases[0].hostnames[1]` is no host name in small letters: 'a_b'",
        ),
        (
            "node_tolerations.a = 'No'",
            1,
            "node_tolerations.a` must be one of: NoSchedule, PreferNoSchedule, NoExecute, or empty",
        ),
        (
            NODES + "match_expressions = [{operator = 'In', values = ['b']}]",
            2,
            "match_expressions[0]` lacks `key`",
        ),
        (
            NODES + "match_expressions = [{key = 'a', operator = 'in'}]",
            2,
            "one of: In, NotIn, Exists, DoesNotExist, Gt",
        ),
        (
            NODES + "match_expressions = [{key = 'a', operator = 'In'}]",
            2,
            "must not be empty with the operator In",
        ),
        (
            NODES + "match_expressions = [{key = 'a', operator = 'Gt', values = ['x']}]",
            2,
            "one whole number with Gt",
        ),
        (
            NODES + "match_fields = [{key = 'a', operator = 'In', values = ['b']}]",
            2,
            "must be `metadata.name`",
        ),
        (
            NEAR + "weight = 200\npod_affinity_term.topology_key = 'a'",
            2,
            "[0].weight` must be from 1 to 100, and is 200",
        ),
        (FAR.replace("'a'", "''"), 2, "topology_key` must name a label of nodes"),
        (
            FAR + BAD_LABEL,
            3,
            "must be one of: In, NotIn, Exists, DoesNotExist",
        ),
        (
            FAR + BAD_SPACE,
            3,
            "must be empty with the operator Exists",
        ),
        (HOOK + "http_get.path = '/x'", 2, "pre_stop.http_get` lacks `port`"),
        (
            HOOK + "http_get.port = 1\nhttp_get.scheme = 'ftp'",
            3,
            "http_get.scheme` must be HTTP or HTTPS",
        ),
        (
            HOOK + "http_get.port = 1\nhttp_get.http_headers = [{value = 'a'}]",
            3,
            "http_headers[0]` lacks `name`",
        ),
        (
            PATCH + "patch_type = 'jsonpatch'",
            2,
            "pod_spec[0].patch_type` must be one of: json, merge, strategic",
        ),
        (
            PATCH + "patch = 'a: 1'\npatch_path = 'f'",
            3,
            "stands beside `patch`, and one patch has one text",
        ),
        (PATCH + "patch = 'a: ['", 2, "is neither YAML nor JSON: line 1, column 5 of it: expected"),
        (
            PATCH + "patch = '\\u0001'".replace("'", '"'),
            2,
            "is neither YAML nor JSON: unacceptable",
        ),
        (PATCH + "patch = 'a: .nan'", 2, "is neither YAML nor JSON: "),
        (
            PATCH + "patch = 'a: 1'\npatch_type = 'json'",
            2,
            "is no list of operations, which a JSON patch is",
        ),
        (PATCH + "patch = '[]'", 2, "is no object, which a strategic patch is"),
        (PATCH + "patch = '[]'\npatch_type = 'merge'", 2, "is no object, which a merge patch is"),
    ],
)
def test_what_no_pod_could_have_is_refused(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    message = caught.value.message
    assert message.startswith(f"line {START + line - 1}: `[[runners]] #1 kubernetes.")
    assert words in message


def test_what_works_in_kubernetes_is_taken() -> None:
    runner = read(
        "dns_policy = 'nonsense'\n"
        + "dns_config.searches = ['.', 'a_b.local.', 'x']\n"
        + volume("secret", name="'one'", mount_path="'relative'")
        + volume("config_map", name="'one'", mount_path="'/own'")
        + volume("secret", name="'one'", mount_path="'/b'", items="{k = 'p'}")
        + volume("empty_dir", name="'two'", mount_path="'/own/elsewhere'")
        + volume("empty_dir", name="'two'", mount_path="'$HERE/own'")
        + volume("csi", name="'three'", mount_path="'/c'", driver="'d'", read_only="true")
        + volume("csi", name="'three'", mount_path="'/d'", driver="'d'", read_only="true")
    )
    assert [one.mount_path for one in runner.kubernetes.volumes.empty_dir] == [
        "/own/elsewhere",
        "$HERE/own",
    ]


def test_two_handlers_of_a_hook_are_told_of_at_load() -> None:
    config, notes = parse(HEAD + HOOK + "exec.command = ['a']\ntcp_socket.port = 80", {})
    assert [(note.kind, note.line) for note in notes] == [("careful", START)]
    assert "pre_stop` has more than one handler (exec, tcp_socket)" in notes[0].text
    assert len(config.runners) == 1


def test_a_selector_that_is_empty_is_not_one_that_is_missing() -> None:
    runner = read(FAR + "label_selector = {}")
    term = runner.kubernetes.affinity.pod_anti_affinity
    [one] = term.required_during_scheduling_ignored_during_execution
    assert one.label_selector is not None
    assert one.namespace_selector is None


def test_an_unknown_key_in_a_selector_is_said() -> None:
    text = FAR + "label_selector.match_label = {a = 'b'}"
    _, notes = parse(HEAD + text, {})
    assert "the nearest known name here is `match_labels`" in notes[0].text


def test_the_text_of_a_patch_stays_what_it_is_in_json() -> None:
    patch = PodSpecPatch(patch="{day: 2026-01-02, on: yes, 2: 2, mode: 0644, text: 'yes'}")
    found = {"day": "2026-01-02", "true": True, "2": 2, "mode": 420, "text": "yes"}
    assert read_patch(patch) == found
