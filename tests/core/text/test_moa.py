"""Moa, as GitLab's reference of the language tells it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.text.moa.template import interpolate
from podlane.core.text.moa.values import SECRET, MoaError

INPUTS = {
    "name": "Ada",
    "count": 3.0,
    "half": 0.5,
    "yes": True,
    "no": False,
    "empty": "",
    "tags": ["a", "b"],
    "where": {"line-1": "Street", "zip": 7.0},
    "type": "reserved",
    "key": SECRET,
}
CONTEXT = {"job": {"inputs": INPUTS}}

TEXTS = [
    ("nothing $x ${y} $[[ z ]] $", "nothing $x ${y} $[[ z ]] $"),
    ("Hello ${{ job.inputs.name }}!", "Hello Ada!"),
    ("${{job.inputs.name}}${{ job.inputs.count }}", "Ada3"),
    ("${{\n  job . inputs . name\n}}", "Ada"),
    ("${{ job.inputs.tags[1] }} ${{ job.inputs.where['line-1'] }}", "b Street"),
    ('${{ job["inputs"]["name"] }}', "Ada"),
    ("${{ job.inputs.type }}", "reserved"),
    ("${{ job.inputs.tags }}", '["a","b"]'),
    ("${{ job.inputs.where }}", '{"line-1":"Street","zip":7}'),
    (r"Use \${{ to start, \n stays", r"Use ${{ to start, \n stays"),
    ("${{ 'Literal ${{ not evaluated }}' }}", "Literal ${{ not evaluated }}"),
    (r"${{ 'It\'s \\ a \n' }}", r"It's \ a \n"),
    (r'${{ "a\"b\\c\td\u0041\/" }}', 'a"b\\c\tdA/'),
    ('${{ "for ${{ job.inputs.name }} and \\${{ x" }}', "for Ada and ${{ x"),
]
VALUES = [
    ("42", "42"),
    ("3.14", "3.14"),
    ("1.5e3", "1500"),
    ("2E-4", "0.0002"),
    ("null", "<null>"),
    ("true", "true"),
    ("2 + 3 * 4", "14"),
    ("(2 + 3) * 4", "20"),
    ("10 - 4 - 3", "3"),
    ("10 / 4", "2.5"),
    ("10 % 3", "1"),
    ("-7 % 3", "-1"),
    ("-5 + +5", "0"),
    ("--5", "5"),
    ('"a" + "b"', "ab"),
    ("1 == 1", "true"),
    ('1 == "1"', "false"),
    ('"a" < "b" && "a" < "ä"', "true"),
    ("false < true", "true"),
    ("[1, 2] < [1, 3]", "true"),
    ("[1] < [1, 0]", "true"),
    ('{a: 1, "b": 2} == {b: 2, a: 1}', "true"),
    ("null == null", "true"),
    ("3 >= 3 && 2 <= 2 && 1 != 2 && 3 > 2", "true"),
    ("!true", "false"),
    ("!!job.inputs.name", "true"),
    ('job.inputs.empty || "default"', "default"),
    ('job.inputs.yes && "-v" || ""', "-v"),
    ('job.inputs.no && "-v" || ""', ""),
    ("0 || [] || {} || null", "<null>"),
    ("true || missing", "true"),
    ("false && 1 / 0", "false"),
    ("[1, 2, 3,][2]", "3"),
    ('{name: "x", (job.inputs.name): 2,}.Ada', "2"),
    ("{a: {b: [1]}}", '{"a":{"b":[1]}}'),
    ('str(42) + str(true) + "!"', "42true!"),
    ("str(null)", "<null>"),
    ('num("3.14") * 2', "6.28"),
    ('bool("hello") && !bool(0)', "true"),
    ("str(job.inputs.count + 1) + '.0'", "4.0"),
]
WRONG = [
    ('"hello" + 42', "between a string and a number"),
    ("1 / 0", "division by zero"),
    ("-'a'", "`-` of a value that is a string"),
    ("job.inputs.nmae", "there is no `nmae`"),
    ("jobs.inputs.name", "there is no `jobs`"),
    ("job.inputs.tags[2]", "an array of 2 has no element 2"),
    ("job.inputs.tags[0.5]", "has no element"),
    ("job.inputs.name.x", "a string has no parts"),
    ('num("3x")', "which is no number"),
    ("upper('a')", "no function `upper`"),
    ("str(1, 2)", "takes one value, not 2"),
    ("{(1): 2}", "not a string"),
    ("job.inputs.key", "sensitive"),
    ("'x' + job.inputs.key", "sensitive"),
    ("job.inputs", "sensitive"),
    ("[job.inputs.key] == [1]", "sensitive"),
    ("1 +", "nothing that a value begins with"),
    ("(1", "no `)`"),
    ("'open", "does not end"),
    ('"open', "does not end"),
    (r'"\q"', "unknown escape"),
    ("1 2", "no `}}`"),
    ("[1 2]", "neither `,` nor `]`"),
    ("{a 1}", "no key"),
    ("(" * 500 + "1" + ")" * 500, "too much within each other"),
    ("!" * 200_000 + "1", "too long"),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_texts(text: str, expected: str) -> None:
    assert interpolate(text, CONTEXT) == expected


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_values(expression: str, expected: str) -> None:
    assert interpolate("${{ " + expression + " }}", CONTEXT) == expected


@pytest.mark.parametrize(("expression", "why"), WRONG)
def test_wrong(expression: str, why: str) -> None:
    with pytest.raises(MoaError, match=re.escape(why)):
        interpolate("${{" + expression + "}}", CONTEXT)


def test_an_expression_without_end() -> None:
    with pytest.raises(MoaError, match="its end"):
        interpolate("a ${{ 1", CONTEXT)


signs = st.sampled_from(
    [*"\"'\\()[]{}1 +-!,:é\n", "${{", "}}", "job", ".inputs", ".name", "&&", "||", "==", "str"]
)


@given(st.lists(signs, max_size=14))
def test_any_text_has_a_value_or_a_sentence(pieces: list[str]) -> None:
    try:
        interpolate("".join(pieces), CONTEXT)
    except MoaError as error:
        assert str(error)  # noqa: PT017 - the other end is as good


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_value_is_put_in_as_it_is(value: str, around: str) -> None:
    around = around.replace("{", "").replace("\\", "")
    made = interpolate(f"{around}${{{{ x }}}}{around}", {"x": value})
    assert made == around + value + around
