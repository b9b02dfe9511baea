"""What once broke something is played for ever, and a few fresh cases of each target with it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from fuzz import targets
from fuzz.targets import TARGETS, Broken, Target

CORPUS = Path(__file__).parent / "corpus"
KEPT = sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.glob("*/*"))


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_case_breaks_nothing_any_more(name: str) -> None:
    targets.play(name.partition("/")[0], (CORPUS / name).read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_fresh_cases_break_nothing(name: str) -> None:
    dice, target = Random(name), TARGETS[name]
    for _ in range(60):
        target.play(target.make(dice))


def test_what_is_broken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "_traced", lambda pieces, _: b"%d" % len(pieces))
    dice, target = Random(1), TARGETS["trace"]
    cases = [target.make(dice) for _ in range(100)]
    with pytest.raises(Broken):
        _play_all(target, cases)


def _play_all(target: Target, cases: list[bytes]) -> None:
    for case in cases:
        target.play(case)
