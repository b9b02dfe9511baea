"""Every environment name of gitlab-runner's `register` says what its flag says."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harness.certificates import authority
from harness.command import Podlane
from harness.runners_gitlab import GitLab

# name, value, where it stands in the runner's table, what stands there (else the value)
ROWS: list[tuple[str, str, str, Any]] = [
    ("RUNNER_NAME", "mine", "name", "mine"),
    ("RUNNER_LIMIT", "3", "limit", 3),
    ("RUNNER_OUTPUT_LIMIT", "100", "output_limit", 100),
    ("RUNNER_REQUEST_CONCURRENCY", "2", "request_concurrency", 2),
    ("RUNNER_STRICT_CHECK_INTERVAL", "true", "strict_check_interval", True),
    ("RUNNER_UNHEALTHY_REQUESTS_LIMIT", "4", "unhealthy_requests_limit", 4),
    ("RUNNER_EXECUTOR", "kubernetes", "executor", "kubernetes"),
    ("RUNNER_BUILDS_DIR", "/b", "builds_dir", "/b"),
    ("RUNNER_CACHE_DIR", "/c", "cache_dir", "/c"),
    ("CLONE_URL", "https://clone.test", "clone_url", "https://clone.test"),
    ("RUNNER_ENV", "A=b", "environment", ["A=b"]),
    ("RUNNER_PRE_GET_SOURCES_SCRIPT", "a", "pre_get_sources_script", "a"),
    ("RUNNER_POST_GET_SOURCES_SCRIPT", "b", "post_get_sources_script", "b"),
    ("RUNNER_PRE_BUILD_SCRIPT", "c", "pre_build_script", "c"),
    ("RUNNER_POST_BUILD_SCRIPT", "d", "post_build_script", "d"),
    ("RUNNER_PREPARE_TIMEOUT", "5m", "prepare_timeout", "5m"),
    ("RUNNER_GET_SOURCES_TIMEOUT", "6m", "get_sources_timeout", "6m"),
    ("RUNNER_DEBUG_TRACE_DISABLED", "true", "debug_trace_disabled", True),
    ("RUNNER_SAFE_DIRECTORY_CHECKOUT", "false", "safe_directory_checkout", False),
    ("RUNNER_CLEAN_GIT_CONFIG", "false", "clean_git_config", False),
    ("RUNNER_SHELL", "sh", "shell", "sh"),
    ("FEATURE_FLAGS", "FF_TIMESTAMPS:false", "feature_flags.FF_TIMESTAMPS", False),
    ("CUSTOM_BUILD_DIR_ENABLED", "true", "custom_build_dir.enabled", True),
    ("CACHE_TYPE", "s3", "cache.Type", "s3"),
    ("CACHE_PATH", "p", "cache.Path", "p"),
    ("CACHE_SHARED", "true", "cache.Shared", True),
    ("CACHE_MAXIMUM_UPLOADED_ARCHIVE_SIZE", "7", "cache.MaxUploadedArchiveSize", 7),
    *(
        (f"CACHE_S3_{name}", value, f"cache.s3.{key}", found)
        for name, key, value, found in (
            ("SERVER_ADDRESS", "ServerAddress", "s3.test", "s3.test"),
            ("ACCESS_KEY", "AccessKey", "a", "a"),
            ("SECRET_KEY", "SecretKey", "s", "s"),
            ("SESSION_TOKEN", "SessionToken", "t", "t"),
            ("BUCKET_NAME", "BucketName", "b", "b"),
            ("BUCKET_LOCATION", "BucketLocation", "eu", "eu"),
            ("INSECURE", "Insecure", "true", True),
            ("AUTHENTICATION_TYPE", "AuthenticationType", "iam", "iam"),
            ("SERVER_SIDE_ENCRYPTION", "ServerSideEncryption", "KMS", "KMS"),
            ("SERVER_SIDE_ENCRYPTION_KEY_ID", "ServerSideEncryptionKeyID", "k", "k"),
            ("DUAL_STACK", "DualStack", "false", False),
            ("PATH_STYLE", "PathStyle", "true", True),
            ("ACCELERATE", "Accelerate", "true", True),
            ("ROLE_ARN", "RoleARN", "r", "r"),
            ("UPLOAD_ROLE_ARN", "UploadRoleARN", "u", "u"),
        )
    ),
    ("CACHE_GCS_ACCESS_ID", "a", "cache.gcs.AccessID", "a"),
    ("CACHE_GCS_PRIVATE_KEY", "k", "cache.gcs.PrivateKey", "k"),
    ("CACHE_GCS_BUCKET_NAME", "b", "cache.gcs.BucketName", "b"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "/g.json", "cache.gcs.CredentialsFile", "/g.json"),
    ("CACHE_AZURE_ACCOUNT_NAME", "n", "cache.azure.AccountName", "n"),
    ("CACHE_AZURE_ACCOUNT_KEY", "aw==", "cache.azure.AccountKey", "aw=="),
    ("CACHE_AZURE_CONTAINER_NAME", "c", "cache.azure.ContainerName", "c"),
    ("CACHE_AZURE_STORAGE_DOMAIN", "blob.test", "cache.azure.StorageDomain", "blob.test"),
    ("KUBECTL_CONTEXT", "c", "kubernetes.context", "c"),
    ("KUBERNETES_HOST", "https://k.test", "kubernetes.host", "https://k.test"),
    ("KUBERNETES_NAMESPACE", "ci", "kubernetes.namespace", "ci"),
    ("KUBERNETES_IMAGE", "i", "kubernetes.image", "i"),
    ("KUBERNETES_PRIVILEGED", "true", "kubernetes.privileged", True),
    ("KUBERNETES_CPU_LIMIT", "2", "kubernetes.cpu_limit", "2"),
    ("KUBERNETES_SERVICE_ACCOUNT", "a", "kubernetes.service_account", "a"),
    ("KUBERNETES_POLL_TIMEOUT", "90", "kubernetes.poll_timeout", 90),
    ("KUBERNETES_REQUEST_RETRY_BACKOFF_MAX", "900", "kubernetes.retry_backoff_max", 900),
    ("KUBERNETES_NODE_SELECTOR", "disk:ssd", "kubernetes.node_selector.disk", "ssd"),
]
# what GitLab is told for a registration token
SERVER_ROWS: list[tuple[str, str, str, Any]] = [
    ("RUNNER_TAG_LIST", "a,b", "tag_list", "a,b"),
    ("REGISTER_RUN_UNTAGGED", "true", "run_untagged", True),
    ("REGISTER_LOCKED", "false", "locked", False),
    ("REGISTER_ACCESS_LEVEL", "ref_protected", "access_level", "ref_protected"),
    ("REGISTER_MAXIMUM_TIMEOUT", "900", "maximum_timeout", 900),
    ("REGISTER_PAUSED", "true", "paused", True),
    ("REGISTER_MAINTENANCE_NOTE", "by me", "maintenance_note", "by me"),
]
MOOT = {
    "RUNNER_PROXY_EXEC": "--proxy-exec",
    "STEP_RUNNER_IMAGE": "--step-runner-image",
    "RUNNER_job_status_final_update_retry_limit": "--job-status-final-update-retry-limit",
    "KUBERNETES_POLL_INTERVAL": "--kubernetes-poll-interval",
    "KUBERNETES_SCRIPTS_BASE_DIR": "--kubernetes-scripts-base-dir",
}


def at(table: dict[str, Any], path: str) -> Any:
    found: Any = table
    for step in path.split("."):
        found = found[step]
    return found


@pytest.fixture
def environ(gitlab: GitLab, config: Path) -> dict[str, str]:
    """All that a script needs to give besides."""
    return {
        "CONFIG_FILE": str(config),
        "CI_SERVER_URL": gitlab.url,
        "CI_SERVER_TOKEN": "glrt-good",
        "REGISTER_NON_INTERACTIVE": "true",
    }


@pytest.mark.parametrize(("name", "value", "path", "wanted"), ROWS, ids=[row[0] for row in ROWS])
def test_a_setting(
    podlane: Podlane,
    environ: dict[str, str],
    config: Path,
    name: str,
    value: str,
    path: str,
    wanted: Any,
) -> None:
    done = podlane("register", **environ | {name: value})
    assert done.code == 0, done.err
    (runner,) = tomllib.loads(config.read_text())["runners"]
    assert at(runner, path) == wanted


def test_files_of_tls(podlane: Podlane, environ: dict[str, str], config: Path) -> None:
    """They are read at once, and written so that they are found from every folder."""
    ca = authority()
    certificate, key = ca.client_pair("me")
    given = {"CA": ca.pem, "CERT": certificate, "KEY": key}
    paths = {part: config.with_name(f"{part}.pem") for part in given}
    for part, text in given.items():
        paths[part].write_text(text)
    names = {f"CI_SERVER_TLS_{part}_FILE": os.path.relpath(path) for part, path in paths.items()}
    done = podlane("register", **environ | names)
    assert done.code == 0, done.err
    (runner,) = tomllib.loads(config.read_text())["runners"]
    for part, path in paths.items():
        assert Path(runner[f"tls-{part.lower()}-file"]).samefile(path)
        assert Path(runner[f"tls-{part.lower()}-file"]).is_absolute()


@pytest.mark.parametrize(
    ("name", "value", "field", "wanted"), SERVER_ROWS, ids=[row[0] for row in SERVER_ROWS]
)
def test_what_gitlab_keeps(
    podlane: Podlane,
    environ: dict[str, str],
    gitlab: GitLab,
    name: str,
    value: str,
    field: str,
    wanted: Any,
) -> None:
    del environ["CI_SERVER_TOKEN"]
    old = {"REGISTRATION_TOKEN": "GR1348941good", name: value}
    assert podlane("register", **environ | old).code == 0
    (call,) = gitlab.calls
    assert call[2][field] == wanted


def test_a_template(podlane: Podlane, environ: dict[str, str], config: Path) -> None:
    template = config.with_name("template.toml")
    template.write_text("[[runners]]\nlimit = 9\n")
    assert podlane("register", **environ | {"TEMPLATE_CONFIG_FILE": str(template)}).code == 0
    assert tomllib.loads(config.read_text())["runners"][0]["limit"] == 9


def test_leave_runner(podlane: Podlane, environ: dict[str, str], gitlab: GitLab) -> None:
    del environ["CI_SERVER_TOKEN"]
    more = {"REGISTRATION_TOKEN": "GR1348941good", "KUBERNETES_PULL_POLICY": "sometimes"}
    assert podlane("register", **environ | more | {"REGISTER_LEAVE_RUNNER": "true"}).code == 2
    assert [call[0] for call in gitlab.calls] == ["POST"]


@pytest.mark.parametrize(("name", "option"), MOOT.items())
def test_what_has_no_effect_is_taken_and_said(
    podlane: Podlane, environ: dict[str, str], config: Path, name: str, option: str
) -> None:
    for done in (
        podlane("register", **environ | {name: "5"}),
        podlane("register", f"{option}=5", **environ),
        podlane("register", option.replace("-", "_").replace("__", "--"), "5", **environ),
    ):
        assert done.code == 0, done.err
        assert f"{option} has no effect: " in done.err
    assert len(tomllib.loads(config.read_text())["runners"]) == 1
