"""Path patterns: what matches and what does not."""

from __future__ import annotations

import pytest

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
]


@pytest.mark.parametrize(("pattern", "path", "expected"), ROWS)
def test_matches(pattern: str, path: str, expected: bool) -> None:
    assert glob.matches(pattern, path) is expected
