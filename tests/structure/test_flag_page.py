"""docs/reference/feature-flags.md says what the table of flags says.

`.venv/bin/python tests/structure/test_flag_page.py` writes the page's tables anew.
"""

from __future__ import annotations

from pathlib import Path

from podlane.core.config.flag_table import FLAGS

PAGE = Path(__file__).parents[2] / "docs/reference/feature-flags.md"
VERDICTS = ("honoured", "refused", "always")


def rows(verdict: str) -> str:
    found = [entry for entry in FLAGS.values() if entry.verdict == verdict]
    lines = [
        f"| `{one.name}` | {'on' if one.default else 'off'} | {one.sentence} |" for one in found
    ]
    head = "| flag | default | |\n|---|---|---|\n"
    return head + "\n".join(lines) + "\n"


def filled(text: str) -> str:
    for verdict in VERDICTS:
        mark = f"<!-- {verdict} -->\n"
        assert mark in text
        before, _, rest = text.partition(mark)
        _, end, after = rest.partition("<!-- end -->")
        text = before + mark + rows(verdict) + end + after
    return text


def test_the_page_says_what_the_table_says() -> None:
    text = PAGE.read_text()
    assert text == filled(text)
    assert all(text.count(f"| `{name}` |") == 1 for name in FLAGS)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
