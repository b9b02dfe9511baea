"""register: what is asked, what GitLab is told, what is written."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.command import Podlane
from harness.runners_gitlab import GitLab
from podlane.core.config.parse import parse


def runner(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(file.read_text())["runners"][-1]
    return found


@pytest.fixture
def flags(gitlab: GitLab, config: Path) -> list[str]:
    return ["register", "-n", "-c", str(config), "--url", f"{gitlab.url}/", "--token", "glrt-good"]


def test_a_new_token_is_verified_and_written(
    podlane: Podlane, flags: list[str], config: Path, gitlab: GitLab
) -> None:
    done = podlane(*flags, "--name", "mine")
    assert done.code == 0, done.err
    assert [call[1] for call in gitlab.calls] == ["runners/verify"]
    written = runner(config)
    assert (written["name"], written["id"], written["executor"]) == ("mine", 7, "kubernetes")
    assert (written["url"], written["token"]) == (gitlab.url, "glrt-good")
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert parse(config.read_text(), {})[1] == ()
    assert "Settings > CI/CD > Runners" in done.out
    assert f"podlane run --config {config}" in done.out
    assert f"podlane deploy apply --config {config}" in done.out
    assert "Lock to current projects" in done.out
    assert "glrt-good" not in done.out + done.err


def test_a_second_runner_is_added(podlane: Podlane, flags: list[str], config: Path) -> None:
    config.write_text("# mine\nconcurrent = 9\n[[runners]]\nname = 'first'\n")
    assert podlane(*flags).code == 0
    assert config.read_text().startswith("# mine\nconcurrent = 9\n[[runners]]\nname = 'first'\n")
    assert runner(config)["id"] == 7


def test_settings_by_flags_variables_and_template(
    podlane: Podlane, flags: list[str], config: Path, home: Path
) -> None:
    template = home / "template.toml"
    template.write_text(
        '[[runners]]\nlimit = 3\ntoken = "no"\n[runners.kubernetes]\nimage = "t"\ncpu_limit = "9"\n'
        '[[runners.kubernetes.volumes.secret]]\nname = "s"\nmount_path = "/s"\n'
    )
    done = podlane(
        *flags,
        "--template-config",
        str(template),
        "--kubernetes-image=busybox",
        "--kubernetes-bearer_token=hidden",
        "--kubernetes-privileged",
        "--kubernetes-node-selector=disk=ssd",
        "--kubernetes-node-selector=zone:a",
        "--kubernetes-node-tolerations=key=value:NoSchedule",
        "--kubernetes-pod-security-context-run-as-user=1000",
        "--kubernetes-build_container_security_context-run_as_non_root=true",
        "--kubernetes-helper-ephemeral_storage-limit=1Gi",
        "--kubernetes-pull-policy=always",
        "--strict-check-interval=false",
        "--env=A=b",
        "--env=C=d=e",
        "--feature-flags=FF_TIMESTAMPS:false",
        "--cache-type=s3",
        "--cache-s3-bucket-name=caches",
        "--cache-s3-path-style",
        CACHE_S3_ACCESS_KEY="hidden",
        CACHE_MAXIMUM_UPLOADED_ARCHIVE_SIZE="7",
        KUBERNETES_NAMESPACE="ci",
        RUNNER_OUTPUT_LIMIT="100",
    )
    assert done.code == 0, done.err
    written = runner(config)
    kubernetes = written["kubernetes"]
    assert (written["limit"], written["output_limit"], written["token"]) == (3, 100, "glrt-good")
    assert (written["environment"], written["strict_check_interval"]) == (["A=b", "C=d=e"], False)
    assert written["feature_flags"] == {"FF_TIMESTAMPS": False}
    s3 = {"BucketName": "caches", "PathStyle": True, "AccessKey": "hidden"}
    assert written["cache"] == {"Type": "s3", "MaxUploadedArchiveSize": 7, "s3": s3}
    assert kubernetes["node_selector"] == {"disk": "ssd", "zone": "a"}
    assert kubernetes["node_tolerations"] == {"key=value": "NoSchedule"}
    assert (kubernetes["image"], kubernetes["cpu_limit"]) == ("busybox", "9")
    assert (kubernetes["namespace"], kubernetes["privileged"]) == ("ci", True)
    assert kubernetes["pod_security_context"] == {"run_as_user": 1000}
    assert kubernetes["build_container_security_context"] == {"run_as_non_root": True}
    assert kubernetes["helper_ephemeral_storage_limit"] == "1Gi"
    assert kubernetes["volumes"]["secret"] == [{"name": "s", "mount_path": "/s"}]
    assert "hidden" not in done.out + done.err


def test_what_gitlab_keeps_is_refused_with_a_new_token(
    podlane: Podlane, flags: list[str], config: Path, gitlab: GitLab
) -> None:
    done = podlane(*flags, "--tag-list", "a,b", "--locked=false")
    assert done.code == 2
    assert "--tag-list, --locked cannot be set with a `glrt-` token" in done.err
    assert not config.exists()
    assert not gitlab.calls


def test_a_new_token_by_the_old_flag_lets_old_scripts_through(
    podlane: Podlane, config: Path, gitlab: GitLab
) -> None:
    done = podlane(
        *("register", "-n", "-c", str(config), "--url", gitlab.url),
        *("--registration-token", "glrt-good", "--tag-list", "a"),
    )
    assert done.code == 0, done.err
    assert "they are ignored" in done.err
    assert runner(config)["id"] == 7


def test_an_old_registration_token_makes_the_runner(
    podlane: Podlane, config: Path, gitlab: GitLab
) -> None:
    done = podlane(
        *("register", "-n", "-c", str(config), "--url", gitlab.url, "--description", "mine"),
        *("-r", "GR1348941good", "--tag-list", "a,b", "--run-untagged", "--maximum-timeout", "600"),
        *("--access-level", "ref_protected", "--paused=true", "--locked=false"),
    )
    assert done.code == 0, done.err
    assert runner(config)["token"] == "glrtr-made"
    _, path, body, _ = gitlab.calls[0]
    assert path == "runners"
    del body["info"]
    assert body == {
        "token": "GR1348941good",
        "description": "mine",
        "tag_list": "a,b",
        "run_untagged": True,
        "locked": False,
        "access_level": "ref_protected",
        "maximum_timeout": 600,
        "paused": True,
    }
    assert "GR1348941good" not in config.read_text() + done.out + done.err


def test_a_runner_that_cannot_be_written_is_taken_back(
    podlane: Podlane, config: Path, gitlab: GitLab
) -> None:
    done = podlane(
        *("register", "-n", "-c", str(config), "--url", gitlab.url, "-r", "GR1348941good"),
        *("--kubernetes-pull-policy", "sometimes"),
    )
    assert done.code == 2
    assert "kubernetes.pull_policy` must be one of" in done.err
    assert [call[:2] for call in gitlab.calls] == [("POST", "runners"), ("DELETE", "runners")]
    assert not config.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--token", "glrt-bad"], 1, "check that it is whole"),
        (["--executor", "docker"], 2, "podlane does not run the executor `docker`"),
        (["--url", "gitlab.example"], 2, "`gitlab.example` is not the address of a web server"),
        (["--url", "http://127.0.0.1:1"], 1, "nothing was written"),
        (["--kubernetes-node-selector", "x"], 2, "`--kubernetes-node-selector` takes KEY=VALUE"),
        (["--limit", "many"], 2, "'many' is not a valid integer"),
    ],
)
def test_what_cannot_be_is_refused(
    podlane: Podlane, flags: list[str], config: Path, arguments: list[str], code: int, words: str
) -> None:
    done = podlane(*flags, *arguments)
    assert done.code == code, done.err
    assert words in done.err
    assert not config.exists()
    assert "glrt-" not in done.out + done.err.replace("`glrt-`", "")


def test_without_a_token_it_says_so(podlane: Podlane, config: Path, gitlab: GitLab) -> None:
    done = podlane("register", "-n", "-c", str(config), "--url", gitlab.url)
    assert done.code == 2
    assert "--token is needed with --non-interactive" in done.err


def test_it_asks_for_what_is_not_said(podlane: Podlane, config: Path, gitlab: GitLab) -> None:
    typed = f"{gitlab.url}\nglrt-good\nmine\ndocker\nkubernetes\n"
    done = podlane("register", "-c", str(config), typed=typed)
    assert done.code == 0, done.err
    assert runner(config)["name"] == "mine"
    assert "podlane runs: kubernetes" in done.err
    assert "glrt-good" not in done.out + done.err


def test_it_can_be_left_by_ending_the_input(podlane: Podlane, config: Path) -> None:
    assert podlane("register", "-c", str(config), typed="").code == 130
    assert not config.exists()


def test_the_place_of_a_new_file_is_the_one_that_list_reads(
    podlane: Podlane, home: Path, gitlab: GitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert podlane("register", "-n", "-u", gitlab.url, "-t", "glrt-good", "--name", "x").code == 0
    assert (home / ".gitlab-runner" / "config.toml").is_file()
    assert "Executor=kubernetes" in podlane("list").out
