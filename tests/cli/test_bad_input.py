"""Bad input for the commands about tokens: the sentence, what to do, and nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.certificates import authority
from harness.command import Podlane
from harness.http_server import Call, Said, serve
from harness.runners_gitlab import GitLab

NEW = "make a runner in GitLab (CI/CD > Runners > New runner) and take its token"
RUNNER = '[[runners]]\n  name = "mine"\n  url = "{url}"\n  token = "glrt-good"\n'


def verify(gitlab: GitLab, config: Path, *more: str) -> list[str]:
    return ["register", "-n", "-c", str(config), "--url", gitlab.url, "-t", "glrt-good", *more]


@pytest.mark.parametrize(
    ("status", "what", "todo"),
    [
        (401, "refused the token (401): it is mistyped, was revoked, or has ended", NEW),
        (403, "refused the token (403): it is mistyped, was revoked, or has ended", NEW),
        (404, "has no runners' API below {url} (404)", "give GitLab's own address"),
        (410, "takes no registration tokens any more (410)", NEW),
        (422, "says that the runner's project or group is gone (422)", NEW),
    ],
)
def test_register_is_refused(
    podlane: Podlane, gitlab: GitLab, config: Path, status: int, what: str, todo: str
) -> None:
    gitlab.statuses["runners/verify"] = status
    done = podlane(*verify(gitlab, config))
    assert done.code == 1
    wanted = f"nothing was written: 127.0.0.1 {what.format(url=gitlab.url)} [register]\nhint: "
    assert wanted in done.err
    assert todo in done.err
    assert "glrt-good" not in done.out + done.err
    assert not config.exists()


@pytest.mark.parametrize("command", ["verify", "reset-token", "unregister"])
def test_a_dead_token_in_the_file(
    podlane: Podlane, gitlab: GitLab, config: Path, command: str
) -> None:
    config.write_text(RUNNER.format(url=gitlab.url))
    gitlab.tokens.clear()
    done = podlane(command, "-c", str(config), "--name", "mine")
    assert done.code == 1
    assert "refused the token (403): it is mistyped, was revoked, or has ended" in done.err
    assert config.read_text() == RUNNER.format(url=gitlab.url)


def test_the_address_of_a_project(podlane: Podlane, gitlab: GitLab, config: Path) -> None:
    done = podlane(*verify(gitlab, config, "--url", f"{gitlab.url}/group/project"))
    assert done.code == 1
    assert f"no runners' API below {gitlab.url}/group/project (404)" in done.err


def test_http_that_is_https(podlane: Podlane, gitlab: GitLab, config: Path) -> None:
    """The token is not sent on to where nobody has asked for, and the new place is named."""

    def answer(_: Call) -> Said:
        return Said(301, headers={"Location": "https://me:secret@gitlab.example.com/api?token=x"})

    with serve(answer) as other:
        done = podlane(*verify(gitlab, config, "--url", other.url))
    assert done.code == 1
    assert "GitLab answered 301" in done.err
    assert "hint: GitLab is at https://gitlab.example.com: give that as `url`" in done.err
    assert "secret" not in done.err
    assert not config.exists()


def test_a_ca_that_is_not_known(podlane: Podlane, gitlab: GitLab, config: Path) -> None:
    ca = authority()
    with serve(lambda _: Said(500), ca.server()) as other:
        done = podlane(*verify(gitlab, config, "--url", other.url))
    assert done.code == 1
    assert "the certificate of 127.0.0.1 leads to the CA O=trustme" in done.err
    assert "(PEM) into a file: `--tls-ca-file FILE` of register" in done.err
    assert not config.exists()


@pytest.mark.parametrize(
    ("environ", "what", "todo"),
    [
        ({"http_proxy": "http://me:secret@127.0.0.1:1"}, "the proxy: connection refused", "PROXY"),
        ({}, "name or service not known", "gitlab.invalid is resolved and reached from here"),
    ],
)
def test_the_way_to_gitlab(
    podlane: Podlane,
    gitlab: GitLab,
    config: Path,
    environ: dict[str, str],
    what: str,
    todo: str,
) -> None:
    done = podlane(*verify(gitlab, config, "--url", "http://gitlab.invalid"), **environ)
    assert done.code == 1
    assert what in done.err or "resolution" in done.err
    assert todo in done.err
    assert "secret" not in done.err
    assert not config.exists()


def test_a_token_that_is_in_the_file(podlane: Podlane, gitlab: GitLab, config: Path) -> None:
    config.write_text(RUNNER.format(url=gitlab.url))
    done = podlane(*verify(gitlab, config, "--name", "again", "--limit", "3"))
    assert done.code == 0, done.err
    assert "This runner is in the file already, which stays as it is" in done.err
    assert "name=mine" in done.err
    assert config.read_text() == RUNNER.format(url=gitlab.url)


def test_a_file_that_is_none_is_said_before_anything_is_asked(
    podlane: Podlane, gitlab: GitLab, config: Path
) -> None:
    config.write_text("concurrent = \n")
    done = podlane(*verify(gitlab, config))
    assert done.code == 2
    assert "line 1" in done.err
    assert not gitlab.calls


@pytest.fixture
def unprivileged() -> list[str]:
    """What runs a command without root's right to write what is read-only."""
    if os.geteuid():
        return []
    return ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-all"]


@pytest.mark.skipif(sys.platform != "linux", reason="setpriv is of Linux")
@pytest.mark.parametrize(
    "words",
    [
        ("register", "-n", "-u", "{url}", "-t", "glrt-other"),
        ("reset-token", "--name", "mine"),
        ("unregister", "--name", "mine"),
        ("verify", "--delete"),
    ],
)
@pytest.mark.parametrize("what", ["the file", "its folder"])
def test_what_cannot_be_written_is_said_before_gitlab_is_asked(
    gitlab: GitLab, home: Path, unprivileged: list[str], words: tuple[str, ...], what: str
) -> None:
    folder = home / "etc"
    folder.mkdir()
    config = folder / "config.toml"
    config.write_text(RUNNER.format(url=gitlab.url))
    gitlab.tokens["glrt-other"] = 11
    (config if what == "the file" else folder).chmod(0o400 if what == "the file" else 0o500)
    given = [word.format(url=gitlab.url) for word in words]
    done = subprocess.run(
        [*unprivileged, sys.executable, "-m", "podlane", *given, "-c", str(config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    folder.chmod(0o700)
    assert done.returncode == 2, done.stderr
    why = "the file is read-only" if what == "the file" else "Permission denied"
    assert f"cannot write {config}: {why}" in done.stderr
    assert not gitlab.calls
    assert [one.name for one in folder.iterdir()] == ["config.toml"]


def test_registers_at_once_are_all_in_the_file(gitlab: GitLab, config: Path) -> None:
    """All have seen the file as it was before one of them writes it."""
    count = 4
    tokens = [f"glrt-{number}" for number in range(count)]
    gitlab.tokens |= {token: 20 + number for number, token in enumerate(tokens)}
    gitlab.meeting = threading.Barrier(count)

    def register(token: str) -> subprocess.CompletedProcess[str]:
        words = ["register", "-n", "-c", str(config), "-u", gitlab.url, "-t", token]
        return subprocess.run(
            [sys.executable, "-m", "podlane", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
        )

    with ThreadPoolExecutor(count) as threads:
        ended = list(threads.map(register, tokens))
    assert [one.returncode for one in ended] == [0] * count, ended
    written = tomllib.loads(config.read_text())["runners"]
    assert sorted(one["token"] for one in written) == tokens
    assert sorted(one.name for one in config.parent.glob("*config*")) == ["config.toml"]
