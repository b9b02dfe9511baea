"""Changes to config.toml leave alone what they do not mean."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podlane.core.config.edit import add_runner, remove_runners, set_values
from podlane.core.config.template import fill, read_template
from podlane.errors import ConfigError

TEXT = '''# mine
concurrent = 4 # four

# the first
[[runners]]
  name = "a" # keep
  token = 'old' # the token
  [runners.kubernetes]
    image = "x"
    [[runners.kubernetes.volumes.secret]]
      name = "s"
      mount_path = "/s"

# the second
[[runners]]
  name = "b"
  token = "tb"
  pre_build_script = """
[[runners]]
token = "no"
"""
# of the whole
[session_server]
  listen_address = ":80"
'''


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_runner_is_added_at_the_end() -> None:
    runner = {"name": "c", "token": "t", "kubernetes": {"node_selector": {"a/b": "c"}}}
    after = add_runner(TEXT, runner)
    assert after.startswith(TEXT)
    assert '\n[[runners]]\n  name = "c"\n' in after
    assert '\n    [runners.kubernetes.node_selector]\n      "a/b" = "c"\n' in after


def test_an_empty_file_begins_as_gitlab_runner_begins_one() -> None:
    after = add_runner("", {"name": "c"})
    assert after.startswith("concurrent = 1\n")
    assert tomllib.loads(after)["runners"] == [{"name": "c"}]


def test_a_runner_goes_with_its_comments_and_tables() -> None:
    after = remove_runners(TEXT, {0})
    assert after == TEXT[: TEXT.index("# the first")] + TEXT[TEXT.index("# the second") :]
    after = remove_runners(TEXT, {1})
    assert after == TEXT[: TEXT.index("# the second")] + TEXT[TEXT.index("# of the whole") :]


def test_all_runners_go() -> None:
    after = remove_runners(TEXT, {0, 1})
    assert after == TEXT[: TEXT.index("# the first")] + TEXT[TEXT.index("# of the whole") :]


def test_a_token_is_set_and_its_comment_kept() -> None:
    after = set_values(TEXT, 0, {"token": "new", "token_obtained_at": NOW})
    assert '  token = "new" # the token\n' in after
    assert "\n  token_obtained_at = 2026-01-01T00:00:00Z\n" in after
    untouched = after[after.index("  [runners.kubernetes]") :]
    assert TEXT.endswith(untouched)


def test_a_form_that_cannot_be_changed_safely_is_refused() -> None:
    inline = 'runners = [{name = "a"}, {name = "b"}]\n'
    with pytest.raises(ConfigError, match="cannot be changed"):
        add_runner(inline, {"name": "x"})
    with pytest.raises(ConfigError, match="cannot be changed"):
        remove_runners(inline, {0})


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=4)
)
def test_any_text_survives_being_written_and_removed(values: list[str]) -> None:
    text = TEXT
    for value in values:
        text = add_runner(text, {"name": value, "pre_build_script": value, "environment": [value]})
    assert [entry["name"] for entry in tomllib.loads(text)["runners"][2:]] == values
    assert set_values(text, 2, {"token": values[0]})
    back = remove_runners(text, set(range(2, 2 + len(values))))
    assert back.rstrip("\n") == TEXT.rstrip("\n")


def test_a_template_fills_only_what_is_open() -> None:
    template = read_template(
        '[[runners]]\ntoken="no"\nlimit=3\n[runners.kubernetes]\nimage="t"\nnamespace="n"\n'
    )
    filled = fill({"name": "x", "limit": 9, "kubernetes": {"image": "mine"}}, template)
    assert filled == {"name": "x", "limit": 9, "kubernetes": {"image": "mine", "namespace": "n"}}


def test_a_template_has_one_runner() -> None:
    with pytest.raises(ConfigError, match="holds 0 `\\[\\[runners\\]\\]` entries"):
        read_template("concurrent = 1")
