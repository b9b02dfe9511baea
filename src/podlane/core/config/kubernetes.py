"""`[runners.kubernetes]`: how a job becomes a pod, under gitlab-runner's own names.

Defaults are gitlab-runner's unless the comment says why not. Sizes and durations are in the unit
the file uses (the comment names it); what they mean is decided where they are used.
"""

from __future__ import annotations

import msgspec

from podlane.core.config.affinity import Affinity
from podlane.core.config.autoscaler import Autoscaler
from podlane.core.config.container import ContainerLifecycle, PodSpecPatch
from podlane.core.config.network import DnsConfig, HostAlias
from podlane.core.config.security import ContainerSecurityContext, SecurityContext
from podlane.core.config.volumes import Volumes
from podlane.core.text.token import Token


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
    bearer_token_overwrite_allowed: bool = False
    namespace: str = ""  # empty: "default"
    image: str = ""
    helper_image: str = ""  # empty, or gitlab-runner's own: the image the manager runs in
    pull_policy: tuple[str, ...] = ()
    allowed_pull_policies: tuple[str, ...] = ()  # empty: those of pull_policy
    allowed_images: tuple[str, ...] = ()  # patterns; empty: any
    allowed_services: tuple[str, ...] = ()  # patterns; empty: any
    allowed_users: tuple[str, ...] = ()  # numbers; empty: any but root
    allowed_groups: tuple[str, ...] = ()  # numbers; empty: any but root's
    services: tuple[ServiceConfig, ...] = ()
    image_pull_secrets: tuple[str, ...] = ()
    use_service_account_image_pull_secrets: bool = False  # those alone: not even GitLab's own
    resource_availability_check_max_attempts: int = 0  # of 5 s, for accounts and pull secrets
    service_account: str = ""
    service_account_overwrite_allowed: str = ""  # a regular expression; empty: never
    namespace_overwrite_allowed: str = ""  # the same
    namespace_per_job: bool = False  # `ci-job-<id>`, made for the job and deleted with it
    automount_service_account_token: bool | None = None
    privileged: bool | None = None
    allow_privilege_escalation: bool | None = None
    cap_add: tuple[str, ...] = ()  # without CAP_; takes a capability out of what is dropped unasked
    cap_drop: tuple[str, ...] = ()  # beats cap_add; NET_RAW is dropped unasked
    node_selector: dict[str, str] = {}
    node_selector_overwrite_allowed: str = ""  # a regular expression for `key=value`
    node_tolerations: dict[str, str] = {}
    node_tolerations_overwrite_allowed: str = ""  # the same, for `key[=value][:effect]`
    affinity: Affinity = Affinity()
    priority_class_name: str = ""
    runtime_class_name: str = ""
    scheduler_name: str = ""
    pod_labels: dict[str, str] = {}
    pod_labels_overwrite_allowed: str = ""  # a regular expression for `key=value`
    pod_annotations: dict[str, str] = {}
    pod_annotations_overwrite_allowed: str = ""  # the same
    pod_disruption_budget: bool = False  # a PodDisruptionBudget keeps drains away from the pod
    pod_security_context: SecurityContext = SecurityContext()
    build_container_security_context: ContainerSecurityContext = ContainerSecurityContext()
    helper_container_security_context: ContainerSecurityContext = ContainerSecurityContext()
    service_container_security_context: ContainerSecurityContext = ContainerSecurityContext()
    volumes: Volumes = Volumes()
    container_lifecycle: ContainerLifecycle = ContainerLifecycle()
    dns_policy: str = ""  # none, default, cluster-first or cluster-first-with-host-net
    dns_config: DnsConfig = DnsConfig()
    host_aliases: tuple[HostAlias, ...] = ()
    pod_spec: tuple[PodSpecPatch, ...] = ()
    autoscaler: Autoscaler = Autoscaler()
    poll_timeout: int = 180  # seconds
    print_pod_warning_events: bool = True
    pod_termination_grace_period_seconds: int | None = None
    cleanup_grace_period_seconds: int | None = None  # of a pod that podlane deletes; none: 1
    retry_limits: dict[str, int] = {}  # tries of making an object, by a piece of the API's sentence
    retry_backoff_max: int = 0  # milliseconds between two such tries; 0: podlane's own pace
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
