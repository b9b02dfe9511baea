"""list, verify, unregister and reset-token against a GitLab on loopback."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.command import Podlane
from harness.runners_gitlab import GitLab

RUNNERS = """# mine
concurrent = 4

# new
[[runners]]
  name = "new"
  url = "{url}"
  id = 7
  token = "glrt-good"
  executor = "kubernetes"

# old
[[runners]]
  name = "old"
  url = "{url}"
  token = "old-good"
  executor = "docker"
"""


@pytest.fixture
def file(config: Path, gitlab: GitLab) -> Path:
    config.write_text(RUNNERS.format(url=gitlab.url))
    return config


def runners(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(file.read_text()).get("runners", [])
    return found


def test_list(podlane: Podlane, file: Path, gitlab: GitLab) -> None:
    done = podlane("list", "--config", str(file))
    assert done.code == 0
    assert (
        done.out.splitlines()[0] == f"{'new':<50} Executor=kubernetes Token=good URL={gitlab.url}"
    )
    assert f"ConfigFile={file}" in done.err
    assert "glrt-good" not in done.out + done.err
    shown = podlane("list", "--show-tokens", "--json", CONFIG_FILE=str(file))
    assert [row["token"] for row in json.loads(shown.out)] == ["glrt-good", "old-good"]


def test_list_of_a_file_with_unset_variables(podlane: Podlane, config: Path) -> None:
    config.write_text('[[runners]]\nname = "x"\nurl = "https://g"\ntoken = "$NO_SUCH"\n')
    assert podlane("list", "-c", str(config)).code == 0
    done = podlane("verify", "-c", str(config))
    assert done.code == 2
    assert "uses `$NO_SUCH`, which is not set" in done.err


def test_verify(podlane: Podlane, file: Path, gitlab: GitLab) -> None:
    done = podlane("verify", "-c", str(file))
    assert done.code == 0, done.err
    assert done.err.count("Verifying runner... is valid") == 2
    method, path, body, _ = gitlab.calls[0]
    assert (method, path, body["token"]) == ("POST", "runners/verify", "glrt-good")
    assert body["system_id"] == (file.parent / ".runner_system_id").read_text()
    assert body["info"]["features"]["trace_checksum"] is True


def test_verify_one_by_name(podlane: Podlane, file: Path, gitlab: GitLab) -> None:
    assert podlane("verify", "-c", str(file), "--name", "old").code == 0
    assert [call[2]["token"] for call in gitlab.calls] == ["old-good"]
    done = podlane("verify", "-c", str(file), "--name", "none")
    assert done.code == 1
    assert "no runner of" in done.err


def test_verify_an_invalid_token(podlane: Podlane, file: Path, gitlab: GitLab) -> None:
    del gitlab.tokens["old-good"]
    done = podlane("verify", "-c", str(file))
    assert done.code == 1
    assert "Verifying runner... is not valid" in done.err
    assert "GitLab refused 1 of 2 runners" in done.err
    assert len(runners(file)) == 2
    assert podlane("verify", "-c", str(file), "--delete").code == 0
    assert [runner["name"] for runner in runners(file)] == ["new"]
    assert file.read_text().startswith("# mine\nconcurrent = 4\n\n# new\n")


def test_trouble_on_the_way_is_not_an_invalid_token(
    podlane: Podlane, file: Path, gitlab: GitLab
) -> None:
    gitlab.statuses["runners/verify"] = 501
    file.write_text(file.read_text().replace(gitlab.url, "http://127.0.0.1:1", 1))
    done = podlane("verify", "-c", str(file), "--delete")
    assert done.code == 1
    assert done.err.count("cannot tell") == 2
    assert "2 of 2 runners could not be verified; they may well be valid" in done.err
    assert len(runners(file)) == 2


def test_unregister(podlane: Podlane, file: Path, gitlab: GitLab) -> None:
    done = podlane("unregister", "-c", str(file), "--all-runners")
    assert done.code == 0, done.err
    assert runners(file) == []
    system_id = (file.parent / ".runner_system_id").read_text()
    assert [call[:3] for call in gitlab.calls] == [
        ("DELETE", "runners/managers", {"token": "glrt-good", "system_id": system_id}),
        ("DELETE", "runners", {"token": "old-good"}),
    ]
    assert "good" not in done.err.replace("runner=good", "").replace("runner=old-good", "")


def test_unregister_keeps_what_gitlab_did_not_let_go(
    podlane: Podlane, file: Path, gitlab: GitLab
) -> None:
    gitlab.statuses["runners"] = 403
    done = podlane("unregister", "-c", str(file), "--all-runners")
    assert done.code == 1
    assert "1 of 2 runners could not be unregistered" in done.err
    assert [runner["name"] for runner in runners(file)] == ["old"]


def test_unregister_wants_a_choice(podlane: Podlane, file: Path) -> None:
    done = podlane("unregister", "-c", str(file))
    assert done.code == 2
    assert "no runner is chosen" in done.err


def test_reset_token(podlane: Podlane, file: Path, gitlab: GitLab) -> None:
    gitlab.expires_at = "2027-01-01T00:00:00.000Z"
    file.chmod(0o640)
    done = podlane("reset-token", "-c", str(file), "--name", "new")
    assert done.code == 0, done.err
    first, second = runners(file)
    assert (first["token"], second["token"]) == ("glrt-good-2", "old-good")
    assert first["token_expires_at"].isoformat() == "2027-01-01T00:00:00+00:00"
    assert first["token_obtained_at"].year >= 2026
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert "good-2" not in done.out + done.err


def test_reset_token_by_the_owner_of_a_pat(podlane: Podlane, file: Path, gitlab: GitLab) -> None:
    done = podlane("reset-token", "-c", str(file), "--id", "7", "--pat", "pat")
    assert done.code == 0, done.err
    assert runners(file)[0]["token"] == "glrt-good-2"
    assert gitlab.calls[0][1:] == ("runners/7/reset_authentication_token", {}, "pat")
    refused = podlane("reset-token", "-c", str(file), "--name", "old", "--pat", "pat")
    assert refused.code == 2
    assert "--pat needs the runner's `id`" in refused.err


def test_a_failed_reset_leaves_the_file(podlane: Podlane, file: Path, gitlab: GitLab) -> None:
    before = file.read_text()
    gitlab.tokens.clear()
    done = podlane("reset-token", "-c", str(file), "--all-runners")
    assert done.code == 1
    assert "Resetting runner token... failed" in done.err
    assert file.read_text() == before
