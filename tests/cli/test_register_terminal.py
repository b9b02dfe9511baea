"""register on a terminal, as somebody sees it who does it for the first time."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from harness.runners_gitlab import GitLab
from harness.terminal import podlane

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no such terminals")

FIRST = """\
GitLab's address [https://gitlab.com]: {host}
with its scheme, such as https://{host}
GitLab's address [https://{host}]: {url}
The runner's token (glrt-…): {nothing}
Verifying runner... is valid                        runner=good
A name for the runner [{name}]: first
The executor [kubernetes]: docker
podlane runs: kubernetes
The executor [kubernetes]: {nothing}
The runner #7 (good) is registered. Its configuration, with its token, is in {home}/config.toml
In GitLab: {url}
  Settings > CI/CD > Runners of its project or group, or Admin > CI/CD > Runners.
  If it is locked to a project, other projects may use it once you edit it there and
  untick 'Lock to current projects'.
Next:
  podlane deploy apply --config {home}/config.toml   runs it in a cluster
  podlane run --config {home}/config.toml   runs it here
  A manager that runs already takes it up by itself.
"""


def test_the_first_time(gitlab: GitLab, home: Path) -> None:
    host = gitlab.url.removeprefix("http://")
    with podlane("register", "-c", "config.toml", home=home) as terminal:
        terminal.see("GitLab's address [https://gitlab.com]: ")
        terminal.type(host)
        terminal.see("GitLab's address [")
        terminal.see("]: ")
        terminal.type(gitlab.url)
        terminal.see("The runner's token (glrt-…): ")
        terminal.type("glrt-good")
        terminal.see("A name for the runner [")
        name = terminal.until("]: ")
        terminal.type("first")
        terminal.see("The executor [kubernetes]: ")
        terminal.type("docker")
        terminal.see("The executor [kubernetes]: ")
        terminal.type("")
        assert terminal.end() == 0
    assert terminal.shown == FIRST.format(
        host=host, url=gitlab.url, name=name, home=home, nothing=""
    )
    (runner,) = tomllib.loads((home / "config.toml").read_text())["runners"]
    assert (runner["name"], runner["executor"]) == ("first", "kubernetes")


def test_a_token_that_is_wrong(gitlab: GitLab, home: Path) -> None:
    with podlane("register", "-u", gitlab.url, "-c", "config.toml", home=home) as terminal:
        terminal.see("The runner's token (glrt-…): ")
        terminal.type("glrt-wrong")
        assert terminal.end() == 1
    assert "glrt-wrong" not in terminal.shown
    assert "nothing was written: 127.0.0.1 refused the token (403)" in terminal.shown
    assert not (home / "config.toml").exists()


def test_it_is_left_by_ctrl_c(gitlab: GitLab, home: Path) -> None:
    with podlane("register", "-u", gitlab.url, "-c", "config.toml", home=home) as terminal:
        terminal.see("The runner's token (glrt-…): ")
        terminal.interrupt()
        assert terminal.end() == 130
    assert "Traceback" not in terminal.shown
    assert not gitlab.calls
    assert not (home / "config.toml").exists()


def test_an_old_token_is_warned_of_before_it_asks_more(gitlab: GitLab, home: Path) -> None:
    words = ("-u", gitlab.url, "-r", "GR1348941good", "-c", "config.toml")
    with podlane("register", *words, home=home) as terminal:
        terminal.see("Registration tokens are deprecated")
        for question in (
            "A name for the runner",
            "Tags, separated by commas",
            "A maintenance note",
        ):
            terminal.see(question)
            terminal.see(": ")
            terminal.type("x")
        terminal.see("The executor [kubernetes]: ")
        terminal.type("")
        assert terminal.end() == 0
    body = gitlab.calls[0][2]
    assert (body["description"], body["tag_list"], body["maintenance_note"]) == ("x", "x", "x")
