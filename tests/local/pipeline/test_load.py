"""Reading the file: merges, references, includes, defaults, and every fault with its line."""

from __future__ import annotations

import pytest

from local.pipeline.making import FACTS, facts, job, pipeline
from podlane.local.pipeline.model import Need, Retry, Variable
from podlane.local.pipeline.node import PipelineFault


def faults(text: str, files: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(PipelineFault) as caught:
        pipeline(text, FACTS, files)
    return caught.value.message.splitlines()


def test_anchors_merges_and_references_become_one_script() -> None:
    made = job("""
        .setup: &setup
          before_script: [one]
        .lib:
          script: [two, three]
        job:
          <<: *setup
          script:
            - !reference [.lib, script]
            - [four, [five]]
    """)
    assert made.spec.script == ("one", "two", "three", "four", "five")


def test_a_merge_after_a_key_overrides_it_as_psych_does() -> None:
    made = job("""
        .a: &a {stage: deploy}
        job:
          stage: build
          <<: *a
          script: x
    """)
    assert made.spec.stage == "deploy"


def test_extends_merges_deeply_and_later_parents_win() -> None:
    made = job("""
        .a: {variables: {A: a, B: a}, script: [a], tags: [x]}
        .b: {variables: {B: b, C: b}, script: [b]}
        job:
          extends: [.a, .b]
          variables: {C: c}
          tags: null
    """)
    assert made.spec.script == ("b",)
    assert [(v.key, v.value) for v in made.spec.variables] == [("A", "a"), ("B", "b"), ("C", "c")]
    assert made.spec.tags == ()


def test_includes_lie_under_the_file_and_globs_work() -> None:
    files = {
        "ci/a.yml": "job: {script: a, tags: [from-a]}",
        "ci/b.yml": "include: /more.yaml\njob: {tags: [from-b]}",
        "more.yaml": "other: {script: more}",
    }
    made = pipeline("include: ['ci/[ab].yml']\njob: {script: mine}", facts(), files)
    specs = {item.name: item.spec for item in made.jobs}
    assert specs["job"].script == ("mine",)
    assert specs["job"].tags == ("from-b",)
    assert specs["other"].place.file == "more.yaml"


def test_defaults_are_copied_whole_unless_not_inherited() -> None:
    made = pipeline("""
        default:
          before_script: [default]
          image: ruby
        variables: {A: a, B: b}
        one: {script: x}
        two: {script: x, before_script: [own]}
        three: {script: x, inherit: {default: [image], variables: [B]}}
        four: {script: x, inherit: {default: false, variables: false}}
    """)
    scripts = [item.spec.script for item in made.jobs]
    assert scripts == [("default", "x"), ("own", "x"), ("x",), ("x",)]
    assert [bool(item.spec.image) for item in made.jobs] == [True, True, True, False]
    assert [len(item.variables) for item in made.jobs] == [2, 2, 1, 0]


def test_booleans_numbers_and_null_become_the_text_gitlab_makes_of_them() -> None:
    made = job("""
        job:
          script: x
          variables: {A: yes, B: 1.0, C: 010, D: null, E: {value: $A, expand: false}, F: "on"}
    """)
    values = {item.key: item.value for item in made.variables}
    assert values == {"A": "true", "B": "1.0", "C": "8", "D": "", "E": "$A", "F": "on"}
    assert Variable("E", "$A", is_raw=True) in made.variables


def test_every_fault_is_told_at_once_with_its_line() -> None:
    assert faults("""
        stagse: [a]
        job:
          scrpit: x
          script: [{a: b}]
          retry: 7
          rules: [{if: "${X} == 1"}]
          timeout: soon
          when: sometimes
        other:
          stage: nowhere
          script: x
    """) == [
        ".gitlab-ci.yml:2: `stagse` is an unknown keyword; did you mean `stages`?",
        ".gitlab-ci.yml:4: `job:scrpit` is an unknown keyword; did you mean `script`?",
        ".gitlab-ci.yml:5: `script` must be a text or a list of texts "
        "(a `: ` in a command needs quotes)",
        ".gitlab-ci.yml:6: `retry` must be a number from 0 to 2",
        ".gitlab-ci.yml:7: `job:rules:if: ${X} == 1`: cannot be read at `${X} == 1`: "
        "write `$NAME`, without braces",
        ".gitlab-ci.yml:8: `timeout` must be a time such as `1h 30m`",
        ".gitlab-ci.yml:9: `when` must be one of `on_success`, `on_failure`, `always`, `manual`, "
        "`delayed`, `never`",
        ".gitlab-ci.yml:11: `other` is in the stage `nowhere`, which is not one of `.pre`, "
        "`build`, `test`, `deploy`, `.post`",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "1: this is no YAML: "),
        ("- a", "1: the file must hold keys"),
        ("job: {tags: [x]}", "1: the job `job` needs a `script`"),
        ("job: {script: x, extends: .nope}", "1: `extends` names `.nope`, which is not there"),
        ("a: {script: x, extends: b}\nb: {extends: a}", "goes in a circle"),
        ("job: {script: !reference [.a, script]}", "`!reference [.a, script]` could not be found"),
        ("job: {script: !refernce [.a]}", "unknown; did you mean `!reference`?"),
        (".a: {x: !reference [.a, x]}\njob: {script: x}", "leads back to itself"),
        ("job: {script: x, variables: {D: 2020-01-01}}", "is a date, which GitLab refuses"),
        ("image: a\ndefault: {image: b}\njob: {script: x}", "under `default`; keep one"),
        ("job: {script: x, rules: [], only: [main]}", "`rules` and `only` or `except`"),
        ("job: {script: x, needs: [jub]}", "needs `jub`, which is no job; did you mean `job`?"),
        ("a: {script: x, needs: [b]}\nb: {script: x, needs: [a]}", "go in a circle"),
        ("a: {script: x, needs: [b]}\nb: {script: x, only: [tags]}", "leave out of this pipeline"),
        ("a: {script: x, stage: build, needs: [b]}\nb: {script: x}", "of a later stage"),
        ("a: {script: x, dependencies: [b]}", "dependencies name `b`, which is no job"),
        ("a: {script: x}\nb: {script: x, dependencies: [a]}", "not of an earlier stage"),
        ("include: gone.yml\na: {script: x}", "the included file `gone.yml` is not in the project"),
        ("include: [{locl: x.yml}]\na: {script: x}", "did you mean `local`?"),
        ("services: {script: x}\na: {script: x}", "services"),
        ("spec: {inputs: {}}\n---\na: {script: x}", "`spec:` header"),
        ("a: {script: x, artifacts: {reports: {junti: x}}}", "did you mean `junit`?"),
        ("a: {script: x, cache: {policy: pul}}", "did you mean `pull`?"),
        ("a: {script: x, coverage: 5}", "must be a pattern"),
    ],
)
def test_fault(text: str, message: str) -> None:
    assert any(message in line for line in faults(text)), faults(text)


def test_what_is_known_but_not_done_is_noted_once() -> None:
    made = pipeline("""
        include:
          - remote: https://x.test/a.yml
          - project: g/p
            file: b.yml
        a: {image: one, script: x, services: [pg]}
        b: {image: two, script: x, release: {tag_name: v1}}
        c: {trigger: other/project}
    """)
    assert [note.keyword for note in made.notes] == [
        "image", "services", "release", "trigger", "include:remote", "include:project",
    ]  # fmt: skip
    assert made.notes[0].place.line == 6


def test_needs_retry_and_allowed_codes() -> None:
    made = pipeline("""
        a: {script: x, parallel: 2, retry: {max: 1, when: script_failure, exit_codes: 3}}
        b:
          script: x
          needs: [a, {job: c, optional: true, artifacts: false}]
          allow_failure: {exit_codes: [1, 2]}
          dependencies: [a]
    """)
    a1, _, b = made.jobs
    assert (a1.name, a1.spec.node_index, a1.spec.node_total) == ("a 1/2", 1, 2)
    assert a1.spec.retry == Retry(1, ("script_failure",), (3,))
    assert b.spec.allow_exit_codes == (1, 2)
    assert [need.job for need in b.needs or ()] == ["a 1/2", "a 2/2"]
    assert b.spec.dependencies == ("a 1/2", "a 2/2")


def test_matrix_needs_pick_combinations() -> None:
    made = pipeline("""
        build:
          stage: build
          script: x
          parallel: {matrix: [{OS: [linux, mac], ARCH: [arm, x86]}]}
        test:
          script: x
          needs: [{job: build, parallel: {matrix: [{OS: linux, ARCH: [arm]}]}}]
    """)
    test = made.jobs[-1]
    assert [need.job for need in test.needs or ()] == ["build: [linux, arm]"]
    assert isinstance(test.needs and test.needs[0], Need)
    assert [job.name for job in made.jobs[:4]] == [
        "build: [linux, arm]",
        "build: [linux, x86]",
        "build: [mac, arm]",
        "build: [mac, x86]",
    ]
