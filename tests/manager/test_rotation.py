"""Tokens near their end: exchanged, written down, or said; a real GitLab, files and cluster."""

from __future__ import annotations

import base64
import logging
import tomllib
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from podlane.clients.kube.access import load_access
from podlane.clients.kube.api import KubeApi
from podlane.core.config.check import check
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.rotation import digest
from podlane.core.text.token import Token
from podlane.local.cluster.cluster import Cluster
from podlane.local.cluster.faults import NoRight
from podlane.local.coordinator import Coordinator
from podlane.manager.board import Board
from podlane.manager.metrics.tally import Tally
from podlane.manager.rotation import Rotation
from podlane.manager.runner import Runner
from podlane.manager.runners import Identity, RunnerBook
from podlane.manager.seats import Alone

DUE = "token_obtained_at = 1000-01-01T00:00:00Z\n  token_expires_at = 2100-01-01T00:00:00Z\n"
FAR = "token_obtained_at = 2020-01-01T00:00:00Z\n  token_expires_at = 2120-01-01T00:00:00Z\n"
CONFIG = """\
# mine
[[runners]]
  name = "one"  # a name
  url = "{url}"
  token = "{token}"
  {more}
  [runners.kubernetes]
    host = "http://127.0.0.1:1"
"""


class Desk:
    """A config.toml, what GitLab and the cluster hold, and a rotation over them."""

    def __init__(self, folder: Path, gitlab: Coordinator, cluster: Cluster) -> None:
        self.path = folder / "config.toml"
        self.gitlab = gitlab
        self.cluster = cluster
        self.environ: dict[str, str] = {}
        self.before_writing: Callable[[], object] = lambda: None
        self.token = gitlab.register_runner().token
        self.runners: list[Runner] = []
        identity = Identity("1", "s_1", "here", "host", "")
        self.book = RunnerBook(identity, folder, Board(), Tally(), self.environ)
        self.rotation = self.restarted()

    def restarted(self) -> Rotation:
        return Rotation(self.path, lambda: self.runners, self._take, self.environ, self._api)

    def _api(self) -> KubeApi:
        settings = KubernetesConfig(
            host=self.cluster.url, bearer_token=Token(self.cluster.token), namespace="default"
        )
        return KubeApi(load_access(settings, {}), user_agent="test")

    def _take(self, runner: Runner) -> None:
        self.before_writing()

    def write(self, more: str, token: str = "") -> None:
        text = CONFIG.format(url=self.gitlab.url, token=token or self.token, more=more)
        self.path.write_text(text)
        config = check(text, self.environ).config
        self.runners = list(self.book.update(config, _begin_nothing).values())

    @property
    def written(self) -> dict[str, Any]:
        found: dict[str, Any] = tomllib.loads(self.path.read_text())["runners"][0]
        return found

    @property
    def known(self) -> str:
        """The token that GitLab takes now."""
        (token,) = self.gitlab.runners.known
        return token

    def deployed(self, more: str = DUE) -> None:
        """The token stands in a Secret, as `podlane deploy` has it."""
        self.environ["PODLANE_TOKEN_SECRET"] = "default/podlane"
        self.environ["PODLANE_TOKEN_1"] = self.token
        data = {"PODLANE_TOKEN_1": base64.b64encode(self.token.encode()).decode()}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "podlane"}}
        self.cluster.create(secret | {"data": data})
        self.write(more, "$PODLANE_TOKEN_1")

    @property
    def secret(self) -> dict[str, str]:
        (found,) = self.cluster.objects("secrets")
        return {key: base64.b64decode(text).decode() for key, text in found["data"].items()}


def _begin_nothing(work: Coroutine[Any, Any, None]) -> Any:
    work.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    gitlab, cluster = Coordinator(tmp_path / "gitlab"), Cluster(tmp_path / "cluster")
    await gitlab.start()
    await cluster.start()
    gitlab.runners.token_seconds = 3600
    (tmp_path / "m").mkdir()
    made = Desk(tmp_path / "m", gitlab, cluster)
    yield made
    await made.book.close()
    await cluster.stop()
    await gitlab.stop()


async def test_a_token_is_exchanged_in_the_file(desk: Desk) -> None:
    desk.write(DUE)
    await desk.rotation.look()
    assert desk.known != desk.token
    assert desk.written["token"] == desk.known
    assert desk.written["token_expires_at"].year < 2100
    assert desk.path.read_text().startswith('# mine\n[[runners]]\n  name = "one"  # a name\n')
    assert desk.rotation.renewals[Token(desk.token)].token == Token(desk.known)


@pytest.mark.parametrize(
    "more",
    [FAR, "", DUE + "  [runners.feature_flags]\n  FF_DISABLE_AUTOMATIC_TOKEN_ROTATION = true\n"],
)
async def test_a_token_stays(desk: Desk, more: str, caplog: pytest.LogCaptureFixture) -> None:
    desk.write(more)
    before = desk.path.read_text()
    await desk.rotation.look()
    await desk.rotation.look()
    assert (desk.known, desk.path.read_text()) == (desk.token, before)
    assert len(caplog.records) == (1 if "FF_" in more else 0)


async def test_a_place_where_nobody_can_write_is_said_at_start(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.environ["SOME"] = desk.token
    desk.write(FAR, "$SOME")
    await desk.rotation.look()
    await desk.rotation.look()
    assert desk.known == desk.token
    (said,) = fields(caplog)
    assert said["ends"] == "2120-01-01"
    assert "environment variable" in said["why"]


async def test_a_write_that_fails_after_all_is_said_and_made_up_for(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.write(DUE)
    away = desk.path.parent.with_name("away")
    desk.before_writing = lambda: desk.path.parent.rename(away)
    await desk.rotation.look()
    (said,) = fields(caplog)
    assert "tries again each minute" in said["hint"]
    assert desk.rotation.renewals[Token(desk.token)].token == Token(desk.known)
    away.rename(desk.path.parent)
    desk.runners = []
    await desk.rotation.look()
    assert desk.written["token"] == desk.known
    assert desk.token not in caplog.text
    assert desk.known not in caplog.text


async def test_a_token_is_exchanged_in_the_secret(desk: Desk) -> None:
    desk.deployed()
    before = desk.path.read_text()
    await desk.rotation.look()
    assert desk.secret["PODLANE_TOKEN_1"] == desk.known != desk.token
    assert desk.secret["PODLANE_TOKEN_1_EXPIRES_AT"].startswith("20")
    assert desk.secret["PODLANE_TOKEN_1_REPLACED"] == digest(Token(desk.token))
    assert desk.path.read_text() == before


async def test_what_another_manager_has_put_there_is_taken(desk: Desk) -> None:
    desk.deployed()
    await desk.rotation.look()
    first = desk.known
    second = desk.restarted()  # its mounted file still shows the old one
    await second.look()
    assert desk.known == first
    assert second.renewals[Token(desk.token)].token == Token(first)


async def test_of_several_managers_one_exchanges_and_the_others_take(desk: Desk) -> None:
    class Other(Alone):
        settles = False

    desk.deployed()
    other, settler = desk.restarted(), desk.rotation
    other.part = Other()
    await other.look()
    assert (desk.known, other.renewals) == (desk.token, {})
    await settler.look()
    assert desk.known != desk.token
    await other.look()
    assert [one.token.reveal() for one in other.renewals.values()] == [desk.known]


async def test_without_the_right_to_patch_nothing_is_exchanged(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.deployed()
    desk.cluster.faults.add(NoRight(verb="patch", resource="secrets"))
    await desk.rotation.look()
    assert desk.known == desk.token
    assert "podlane deploy upgrade" in fields(caplog)[0]["hint"]


def fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    found = [r for r in caplog.records if r.levelno >= logging.WARNING]
    return [record.fields for record in found]  # type: ignore[attr-defined]
