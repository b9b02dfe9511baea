"""Path patterns: what matches and what does not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.text import glob

ROWS = [
    ("out/*.txt", "out/a.txt", True),
    ("out/*.txt", "out/deep/a.txt", False),
    ("out/**/*.txt", "out/a.txt", True),
    ("out/**/*.txt", "out/x/y/a.txt", True),
    ("out/**", "out/x/y/a.txt", True),
    ("**/*.py", "a.py", True),
    ("**/*.py", "src/a.py", True),
    ("*.{js,ts}", "a.ts", True),
    ("*.{js,ts}", "a.py", False),
    ("a{b", "a{b", True),
    ("[a-c]?.md", "b1.md", True),
    ("[!a-c].md", "d.md", True),
    ("[!a-c].md", "a.md", False),
    ("[!a]x", "/x", False),
    (r"a\*b", "a*b", True),
    (r"a\*b", "axb", False),
    ("*", ".hidden", True),
    ("./a", "a", True),
    ("a+b(c)", "a+b(c)", True),
    ("a**b", "axxb", True),
    ("a**b", "ax/xb", False),
    ("[", "[", True),
    ("out/**", "out", True),
    ("out/**", "outer", False),
    ("**/**/**/x", "a/x", True),
    ("{a,**/b}.c", "x/y/b.c", True),
    ("{a,{b,c}d}", "cd", True),
    ("[z-a]x", "mx", False),
    ("[^z-a]x", "mx", True),
    ("[]]", "]", True),
    (r"[\]a]b", "ab", True),
    ("[a-]", "-", True),
    (r"{a\{", "{a{", True),
    ("{" * 2000 + "}" * 2000, "", False),
    ("[a", "[a", True),
    ("\\", "\\", True),
]


@pytest.mark.parametrize(("pattern", "path", "expected"), ROWS)
def test_matches(pattern: str, path: str, expected: bool) -> None:
    assert glob.matches(pattern, path) is expected


@given(st.text(alphabet="*?[]{}!^-,/\\ab.", max_size=20), st.text(alphabet="ab/.-]", max_size=12))
def test_any_text_is_a_pattern(pattern: str, path: str) -> None:
    glob.matches(pattern, path)
    glob.compile_text(pattern).fullmatch(path)


@given(st.text(alphabet="ab/.-]+(){}[*?\\", min_size=1, max_size=12))
def test_an_escaped_text_matches_itself_alone(text: str) -> None:
    pattern = re.sub(r"([*?\[\]{}\\])", r"\\\1", text)
    if not text.startswith("./"):
        assert glob.matches(pattern, text)
    assert not glob.matches(pattern, text + "x")
