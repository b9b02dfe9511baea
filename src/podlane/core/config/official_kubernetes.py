"""Official keys of `[runners.kubernetes]` that are no fields of the model; see official.py."""

KUBERNETES = """
[runners.kubernetes]
helper_image_flavor moot: podlane has one helper image, its own, for images of every kind
helper_image_autoset_arch_and_os moot: each node pulls the helper image of its architecture
logs_base_dir moot: no log file is written in the build container
scripts_base_dir moot: scripts reach the build container by `[runners.podlane] pod_dir`
poll_interval moot: podlane watches its pods and does not poll; `poll_timeout` holds
cleanup_resources_timeout moot: a clean-up is repeated until it is done, by the next manager too
retry_limit moot: what may pass is tried until `poll_timeout`; `retry_limits` counts by the error
suspend_pvc_size moot: environments are not suspended
suspend_pvc_storage_class moot: environments are not suspended
terminationGracePeriodSeconds moot: it is gone; `pod_termination_grace_period_seconds` took over


[runners.kubernetes.init_permissions_container_security_context]
moot: podlane has no such container
run_as_user run_as_group run_as_non_root read_only_root_filesystem allow_privilege_escalation
privileged selinux_type proc_mount
[runners.kubernetes.init_permissions_container_security_context.capabilities]
add drop
[runners.kubernetes.init_permissions_container_security_context.{seccomp,app_armor}_profile]
type localhost_profile

[runners.kubernetes.services]
suspend_data_path moot: podlane suspends no job

[runners.kubernetes.autoscaler.policy]
preemptive_mode moot: jobs are asked for whether pause pods are bound to a node or not
"""
