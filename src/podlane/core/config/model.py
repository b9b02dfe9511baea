"""config.toml as frozen data: one field per honoured key, under gitlab-runner's own name.

The official keys that are not honoured yet stand in `official.py`; `parse.py` reports them.
Defaults are gitlab-runner's unless the comment says why not. Sizes and durations are in the
unit the file uses (the comment names it); what they mean is decided where they are used.
"""

from __future__ import annotations

import msgspec

from podlane.core.config.cache import CacheConfig
from podlane.core.config.container import ContainerLifecycle, PodSpecPatch
from podlane.core.text.token import Token


class SecurityContext(msgspec.Struct, frozen=True):
    """`pod_security_context`."""

    fs_group: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    supplemental_groups: tuple[int, ...] = ()


class ContainerSecurityContext(msgspec.Struct, frozen=True):
    """`build_container_security_context` and its like for helper and service containers."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None
    allow_privilege_escalation: bool | None = None
    privileged: bool | None = None
    proc_mount: str = ""  # default or unmasked


class HostPathVolume(msgspec.Struct, frozen=True):
    name: str
    mount_path: str
    host_path: str = ""  # empty: the same as mount_path
    sub_path: str = ""
    read_only: bool = False
    mount_propagation: str = ""


class ClaimVolume(msgspec.Struct, frozen=True):
    name: str
    mount_path: str
    sub_path: str = ""
    read_only: bool = False
    mount_propagation: str = ""


class FilesVolume(msgspec.Struct, frozen=True):
    """A `secret` or `config_map` volume; `items` maps keys to paths."""

    name: str
    mount_path: str
    sub_path: str = ""
    read_only: bool = False
    items: dict[str, str] = {}


class EmptyDirVolume(msgspec.Struct, frozen=True):
    name: str
    mount_path: str
    sub_path: str = ""
    medium: str = ""
    size_limit: str = ""
    mount_propagation: str = ""


class Volumes(msgspec.Struct, frozen=True):
    host_path: tuple[HostPathVolume, ...] = ()
    pvc: tuple[ClaimVolume, ...] = ()
    config_map: tuple[FilesVolume, ...] = ()
    secret: tuple[FilesVolume, ...] = ()
    empty_dir: tuple[EmptyDirVolume, ...] = ()


class ServiceConfig(msgspec.Struct, frozen=True):
    """`[[runners.kubernetes.services]]`: a service of every job; `environment` is `KEY=value`."""

    name: str
    alias: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


class KubernetesConfig(msgspec.Struct, frozen=True):
    """`[runners.kubernetes]`."""

    host: str = ""
    context: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    bearer_token: Token = Token("")
    namespace: str = ""  # empty: "default"
    image: str = ""
    helper_image: str = ""
    pull_policy: tuple[str, ...] = ()
    allowed_pull_policies: tuple[str, ...] = ()  # empty: those of pull_policy
    allowed_images: tuple[str, ...] = ()  # patterns; empty: any
    allowed_services: tuple[str, ...] = ()  # patterns; empty: any
    allowed_users: tuple[str, ...] = ()  # numbers; empty: any but root
    allowed_groups: tuple[str, ...] = ()  # numbers; empty: any but root's
    services: tuple[ServiceConfig, ...] = ()
    image_pull_secrets: tuple[str, ...] = ()
    resource_availability_check_max_attempts: int = 0  # of 5 s, for accounts and pull secrets
    service_account: str = ""
    service_account_overwrite_allowed: str = ""  # a regular expression; empty: never
    namespace_overwrite_allowed: str = ""  # the same
    automount_service_account_token: bool | None = None
    privileged: bool | None = None
    allow_privilege_escalation: bool | None = None
    node_selector: dict[str, str] = {}
    node_tolerations: dict[str, str] = {}
    priority_class_name: str = ""
    runtime_class_name: str = ""
    scheduler_name: str = ""
    pod_labels: dict[str, str] = {}
    pod_annotations: dict[str, str] = {}
    pod_security_context: SecurityContext = SecurityContext()
    build_container_security_context: ContainerSecurityContext = ContainerSecurityContext()
    helper_container_security_context: ContainerSecurityContext = ContainerSecurityContext()
    service_container_security_context: ContainerSecurityContext = ContainerSecurityContext()
    volumes: Volumes = Volumes()
    container_lifecycle: ContainerLifecycle = ContainerLifecycle()
    pod_spec: tuple[PodSpecPatch, ...] = ()
    poll_timeout: int = 180  # seconds
    print_pod_warning_events: bool = True
    pod_termination_grace_period_seconds: int | None = None
    cpu_request: str = ""
    cpu_limit: str = ""
    memory_request: str = ""
    memory_limit: str = ""
    ephemeral_storage_request: str = ""
    ephemeral_storage_limit: str = ""
    helper_cpu_request: str = ""
    helper_cpu_limit: str = ""
    helper_memory_request: str = ""
    helper_memory_limit: str = ""
    helper_ephemeral_storage_request: str = ""
    helper_ephemeral_storage_limit: str = ""
    service_cpu_request: str = ""
    service_cpu_limit: str = ""
    service_memory_request: str = ""
    service_memory_limit: str = ""
    service_ephemeral_storage_request: str = ""
    service_ephemeral_storage_limit: str = ""
    pod_cpu_request: str = ""
    pod_cpu_limit: str = ""
    pod_memory_request: str = ""
    pod_memory_limit: str = ""
    cpu_request_overwrite_max_allowed: str = ""
    cpu_limit_overwrite_max_allowed: str = ""
    memory_request_overwrite_max_allowed: str = ""
    memory_limit_overwrite_max_allowed: str = ""
    ephemeral_storage_request_overwrite_max_allowed: str = ""
    ephemeral_storage_limit_overwrite_max_allowed: str = ""
    helper_cpu_request_overwrite_max_allowed: str = ""
    helper_cpu_limit_overwrite_max_allowed: str = ""
    helper_memory_request_overwrite_max_allowed: str = ""
    helper_memory_limit_overwrite_max_allowed: str = ""
    helper_ephemeral_storage_request_overwrite_max_allowed: str = ""
    helper_ephemeral_storage_limit_overwrite_max_allowed: str = ""
    service_cpu_request_overwrite_max_allowed: str = ""
    service_cpu_limit_overwrite_max_allowed: str = ""
    service_memory_request_overwrite_max_allowed: str = ""
    service_memory_limit_overwrite_max_allowed: str = ""
    service_ephemeral_storage_request_overwrite_max_allowed: str = ""
    service_ephemeral_storage_limit_overwrite_max_allowed: str = ""
    pod_cpu_request_overwrite_max_allowed: str = ""
    pod_cpu_limit_overwrite_max_allowed: str = ""
    pod_memory_request_overwrite_max_allowed: str = ""
    pod_memory_limit_overwrite_max_allowed: str = ""


class CustomBuildDir(msgspec.Struct, frozen=True):
    """`[runners.custom_build_dir]`: whether a job may say GIT_CLONE_PATH."""

    enabled: bool = True


class PodlaneConfig(msgspec.Struct, frozen=True):
    """`[runners.podlane]`: podlane's own keys, which gitlab-runner ignores."""

    pending_limit: int = 3  # pods that wait for a node before no more jobs are asked for; 0: any
    pod_dir: str = "/podlane"  # podlane's own root in a job's pod; job variables are expanded
    service_logs: bool = False  # CI_DEBUG_SERVICES may show what services print: needs pods/log
    pods_url: str = ""  # GitLab's address for the jobs' pods, where it is not `url`
    scope: str = "container"  # whose processes a stopped step ends: "container" or "session"
    service_timeout: int = 300  # seconds a service has to answer on its ports; 0: no limit
    resource_report: bool = True  # the block of times, memory and CPU at the end of the log


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
    job_status_final_update_retry_limit: int = 10
    builds_dir: str = "/builds"  # job variables are expanded, here and in cache_dir
    cache_dir: str = "/cache"
    clone_url: str = ""
    custom_build_dir: CustomBuildDir = CustomBuildDir()
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
    labels: dict[str, str] = {}
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
    shutdown_timeout: int = 0  # seconds; 0: 30
    connection_max_age: str = "15m"
    runners: tuple[RunnerConfig, ...] = ()
