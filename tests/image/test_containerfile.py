"""The Containerfile holds steps and nothing else; the suite's packer runs the same ones."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from image.containerfile import FOLDER, ROOT, STEPS, stages

ALLOWED = {"COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
ELSEWHERE = {"pip"}  # the packer has a pip of its own
PACKER = (ROOT / "tests/cluster/kubernetes/image").read_text()


def test_it_holds_nothing_but_steps() -> None:
    for stage in stages():
        assert {one.word for one in stage.instructions} <= ALLOWED, stage
        for command in stage.of("RUN"):
            assert re.fullmatch(rf"sh {STEPS} [a-z]+( /layer)?", command), command


def test_every_step_is_known_to_the_script_and_run_by_the_packer() -> None:
    steps = [command.split()[2] for stage in stages() for command in stage.of("RUN")]
    assert steps == ["system", "pip", "dependencies", "compile", "program"]
    for step in steps:
        assert re.search(rf"^{step}\(\) {{", (FOLDER / "steps.sh").read_text(), re.MULTILINE)
        ran = re.search(rf'(in_root "\$1"|layer "\$\w+"|sh "\$steps") {step}\b', PACKER)
        assert ran or step in ELSEWHERE, step


def test_what_it_copies_is_there() -> None:
    own = [words.split()[:-1] for stage in stages() for words in stage.of("COPY")]
    copied = [name for words in own for name in words if not words[0].startswith("--from=")]
    assert copied
    assert not [name for name in copied if not (ROOT / name).exists()]


def test_the_last_stage_is_three_layers_and_no_root() -> None:
    *others, last = stages()
    assert [stage.name for stage in others] == ["system", "dependencies", "program"]
    assert last.base == "scratch"
    froms = ["--from=system / /", "--from=dependencies /layer /", "--from=program /layer /"]
    assert last.of("COPY") == froms
    assert last.of("USER") == ["1000:1000"]
    assert (json.loads(last.of("ENTRYPOINT")[0]), json.loads(last.of("CMD")[0])) == (
        ["podlane"],
        ["run"],
    )


@pytest.mark.parametrize("words", [(), ("no-such-step",), ("compile",), ("system",)])
def test_a_step_that_is_none_does_nothing(words: tuple[str, ...]) -> None:
    done = subprocess.run(["sh", str(FOLDER / "steps.sh"), *words], capture_output=True)
    assert done.returncode != 0
