"""Patches of the pod spec: what each kind makes of it, and which are refused with which words."""

from __future__ import annotations

from typing import Any

import pytest

from podlane.core.config.container import PodSpecPatch
from podlane.core.pod.patch import blame
from podlane.core.pod.patch.apply import patched
from podlane.core.pod.patch.json_patch import apply
from podlane.core.pod.patch.problem import PatchProblem
from podlane.core.pod.patch.strategic import merge, merge_plainly
from podlane.errors import JobRefused

SPEC: dict[str, Any] = {
    "restartPolicy": "Never",
    "containers": [
        {"name": "helper", "image": "h"},
        {"name": "build", "image": "b", "env": [{"name": "A", "value": "1"}]},
        {"name": "svc-0", "image": "s"},
    ],
    "tolerations": [{"key": "a"}],
}

V: dict[str, Any] = {"name": "v", "emptyDir": {}}


def _patched(patch: str, kind: str = "strategic") -> dict[str, Any]:
    return patched(SPEC, (PodSpecPatch("one", patch, patch_type=kind),)).spec


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        ({"a": 1}, [{"op": "add", "path": "/b", "value": 2}], {"a": 1, "b": 2}),
        ({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2, 3]}),
        ({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}], {"a": [1, 2]}),
        ({"a": 1, "b": 2}, [{"op": "remove", "path": "/a"}], {"b": 2}),
        ({"a": [1, 2]}, [{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        ({"a": 1}, [{"op": "replace", "path": "/a", "value": {}}], {"a": {}}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/b"}], {"b": 1}),
        ({"a": [1]}, [{"op": "copy", "from": "/a/0", "path": "/a/-"}], {"a": [1, 1]}),
        ({"a": 1}, [{"op": "test", "path": "/a", "value": 1}], {"a": 1}),
        ({"a/b": {"m~n": 1}}, [{"op": "remove", "path": "/a~1b/m~0n"}], {"a/b": {}}),
        ({"a": 1}, [{"op": "replace", "path": "", "value": [2]}], [2]),
        ({"a": 1}, [], {"a": 1}),
    ],
)
def test_json_patch(document: Any, patch: Any, result: Any) -> None:
    before = repr(document)
    assert apply(document, patch) == result
    assert repr(document) == before


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ({"a": 1}, "list of operations"),
        ([{"op": "increase", "path": "/a"}], "`op` is none of"),
        ([{"op": "add", "path": "a", "value": 1}], "no JSON pointer"),
        ([{"op": "remove", "path": "/c"}], "operation 1: there is no 'c'"),
        ([{"op": "remove", "path": "/b/2"}], "no item '2'"),
        ([{"op": "add", "path": "/b/x", "value": 1}], "no item 'x'"),
        ([{"op": "add", "path": "/a/x", "value": 1}], "neither keys nor items"),
        ([{"op": "test", "path": "/a", "value": 2}], "the test of '/a' fails"),
        (["add"], "`op` is none of"),
    ],
)
def test_json_patch_that_does_not_fit(patch: Any, words: str) -> None:
    with pytest.raises(PatchProblem, match=words):
        apply({"a": 1, "b": [1, 2]}, patch)


@pytest.mark.parametrize(
    ("target", "patch", "result"),  # of RFC 7386, appendix A
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert merge_plainly(target, patch) == result


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        (
            {"containers": [{"name": "a", "image": "x"}, {"name": "b"}]},
            {"containers": [{"name": "a", "tty": True}, {"name": "c"}]},
            {
                "containers": [
                    {"name": "a", "image": "x", "tty": True},
                    {"name": "c"},
                    {"name": "b"},
                ]
            },
        ),
        ({"tolerations": [1]}, {"tolerations": [2]}, {"tolerations": [2]}),
        (
            {"hostAliases": [{"ip": "1", "x": 1}]},
            {"hostAliases": [{"ip": "1", "y": 2}]},
            {"hostAliases": [{"ip": "1", "x": 1, "y": 2}]},
        ),
        ({"volumes": [V]}, {"volumes": [{"name": "v", "$patch": "delete"}]}, {"volumes": []}),
        (
            {"volumes": [V]},
            {"volumes": [{"name": "v", "$retainKeys": ["name", "csi"], "csi": {"driver": "d"}}]},
            {"volumes": [{"name": "v", "csi": {"driver": "d"}}]},
        ),
        (
            {"volumes": [V]},
            {"volumes": [{"$patch": "replace"}, {"name": "w"}]},
            {"volumes": [{"name": "w"}]},
        ),
        ({"a": {"b": 1, "c": 2}}, {"a": {"$patch": "replace", "b": 3}}, {"a": {"b": 3}}),
        ({"a": {"b": 1}}, {"a": {"b": None}}, {"a": {}}),
        ({"a": {"b": 1}}, {"a": {"$patch": "delete"}}, {"a": {}}),
        ({}, {"volumes": [{"name": "v", "$patch": "delete"}]}, {"volumes": []}),
    ],
)
def test_strategic_merge(target: Any, patch: Any, result: Any) -> None:
    assert merge(target, patch) == result


def test_a_patch_counts_containers_as_gitlab_runner_orders_them() -> None:
    found = _patched('[{"op": "add", "path": "/containers/0/tty", "value": true}]', "json")
    assert [one["name"] for one in found["containers"]] == ["helper", "build", "svc-0"]
    assert [one.get("tty") for one in found["containers"]] == [None, True, None]
    assert "tty" not in SPEC["containers"][1]


def test_patches_follow_each_other_and_an_empty_one_does_nothing() -> None:
    two = (PodSpecPatch(patch="hostname: a"), PodSpecPatch(patch="hostname: b"), PodSpecPatch())
    found = patched(SPEC, two)
    assert found.spec["hostname"] == "b"
    assert found.changes == {"1": ["hostname"], "2": ["hostname"]}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            'spec.hostname: Invalid value: "A_B"',
            "patch 1 ('names') or 3, which changes `hostname`:",
        ),
        ("Go struct field PodSpec.spec.hostNetwork of type bool", "patch 3, which changes `hostN"),
        (
            "[spec.hostname: Invalid value, spec.containers[1].image: Required value]",
            "patch 1 ('names') or 3, which changes `containers` and `hostname`:",
        ),
        ("spec.volumes[3].name: Duplicate value", ""),
        ("something else", ""),
    ],
)
def test_patches_are_named_where_the_refusal_names_what_they_change(
    message: str, words: str
) -> None:
    every = ("{hostname: A, containers: [{name: build, tty: true}]}", "tolerations: [{key: a}]")
    patches = (PodSpecPatch("names", every[0]), PodSpecPatch("idle", every[1]))
    found = patched(SPEC, (*patches, PodSpecPatch(patch="{hostname: B, hostNetwork: 1}")))
    assert "2 ('idle')" not in found.changes, "it changes nothing"
    hint = blame.hint(blame.written(found.changes), message)
    assert words in hint
    assert bool(words) == bool(hint)
    assert blame.hint({}, message) == ""
    assert blame.hint({blame.PATCHES: "?"}, message) == ""


@pytest.mark.parametrize(
    ("patch", "kind", "words"),
    [
        ("a: [", "strategic", "neither YAML nor JSON"),
        ("[]", "strategic", "is an object"),
        ("a: 1", "other", "`patch_type` is none of json, merge, strategic"),
        ("containers: [{image: x}]", "strategic", "lacks its `name`"),
        ("containers: [{name: build, $patch: delete}]", "strategic", "must stay"),
        ("containers: null", "merge", "no list of containers"),
        ("text", "merge", "no list of containers"),
        ("containers: [{name: build}]", "merge", "must stay"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_number_and_name(
    patch: str, kind: str, words: str
) -> None:
    with pytest.raises(JobRefused, match=rf"patch 1 \('one'\) cannot be applied: .*{words}"):
        _patched(patch, kind)
