"""config.toml as frozen data: one field per honoured key, under gitlab-runner's own name.

The official keys that are not honoured yet stand in `official.py`; `parse.py` reports them.
Defaults are gitlab-runner's unless the comment says why not. Sizes and durations are in the
unit the file uses (the comment names it); what they mean is decided where they are used.
"""

from __future__ import annotations

import msgspec

from podlane.core.config.cache import CacheConfig
from podlane.core.config.experimental import Experimental
from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.config.monitoring import Monitoring
from podlane.core.config.podlane import PodlaneConfig
from podlane.core.config.session import SessionServer
from podlane.core.config.usage import GlobalExperimental
from podlane.core.text.token import Token


class CustomBuildDir(msgspec.Struct, frozen=True):
    """`[runners.custom_build_dir]`: whether a job may say GIT_CLONE_PATH."""

    enabled: bool = True


class ArtifactConfig(msgspec.Struct, frozen=True):
    """`[runners.artifact]`: how long an upload may take, as Go durations."""

    upload_timeout: str = "1h"  # for all of it
    response_header_timeout: str = "10m"  # for GitLab's answer, once it has all of it


class RunnerConfig(msgspec.Struct, frozen=True):
    """One `[[runners]]` entry."""

    url: str
    token: Token
    name: str = ""
    id: int = 0
    executor: str = "kubernetes"
    token_obtained_at: str = ""
    token_expires_at: str = ""
    tls_ca_file: str = msgspec.field(name="tls-ca-file", default="")
    tls_cert_file: str = msgspec.field(name="tls-cert-file", default="")
    tls_key_file: str = msgspec.field(name="tls-key-file", default="")
    limit: int = 0  # jobs at once; 0: no limit of its own
    output_limit: int = 4096  # KiB
    request_concurrency: int = 1
    strict_check_interval: bool = False
    unhealthy_requests_limit: int = 3
    unhealthy_interval: str = "60m"  # Go duration
    builds_dir: str = "/builds"  # job variables are expanded, here and in cache_dir
    cache_dir: str = "/cache"
    clone_url: str = ""
    custom_build_dir: CustomBuildDir = CustomBuildDir()
    prepare_timeout: str = ""  # Go duration, until the containers run; none: see poll_timeout
    get_sources_timeout: str = ""  # Go duration; none, 0 or more than the job has: the job's own
    safe_directory_checkout: bool = True
    clean_git_config: bool = True
    environment: tuple[str, ...] = ()
    pre_get_sources_script: str = ""
    post_get_sources_script: str = ""
    pre_build_script: str = ""
    post_build_script: str = ""
    debug_trace_disabled: bool = False
    shell: str = "bash"
    feature_flags: dict[str, bool] = {}
    labels: dict[str, str] = {}  # those of the whole file among them, once it is read
    experimental: Experimental = Experimental()
    monitoring: Monitoring = Monitoring()
    cache: CacheConfig = CacheConfig()
    artifact: ArtifactConfig = ArtifactConfig()
    kubernetes: KubernetesConfig = KubernetesConfig()
    podlane: PodlaneConfig = PodlaneConfig()


class Config(msgspec.Struct, frozen=True):
    """The whole file."""

    concurrent: int = 1
    check_interval: int = 0  # seconds; 0: 3
    log_level: str = ""
    log_format: str = ""
    listen_address: str = ""
    shutdown_timeout: int = 0  # seconds that launches under way may take; 0: 30
    sentry_dsn: Token = Token("")  # empty: SENTRY_DSN of the environment
    connection_max_age: str = "15m"  # Go duration; 0 or less: for ever
    labels: dict[str, str] = {}  # of every runner, unless its own say otherwise
    session_server: SessionServer = SessionServer()
    experimental: GlobalExperimental = GlobalExperimental()
    runners: tuple[RunnerConfig, ...] = ()
