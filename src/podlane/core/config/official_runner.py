"""Official keys outside `[runners.kubernetes]` that are no fields of the model; see official.py."""

RUNNER = """
[]
user moot: it is the shell executor's; set `pod_security_context.run_as_user` for jobs in pods

[experimental.usage_logger.snowplow_billing]
moot: GitLab's own billing takes records from its own runners only
collector_uri app_id category realm deployment_type metadata enable_oidc
batch_delivery_duration_buckets skip_oidc_if_unsupported_cloud skip_runner_system_failure
[experimental.usage_logger.snowplow_billing.metadata]
*

[machine]
moot: it is the docker-machine executor's
[machine.shutdown_drain]
enabled concurrency max_retries retry_backoff

[runners]
job_status_final_update_retry_limit moot: a job's last word is repeated until GitLab has heard it
proxy_exec moot: podlane's helper masks and limits the output of every script
step_runner_image moot: scripts need no step-runner, and jobs of `run:` steps are refused
use_slot_cgroups moot: each job has a pod, and so cgroups of its own
slot_cgroup_template moot: each job has a pod, and so cgroups of its own

[runners.referees]
moot: only the docker-machine executor has data for it
[runners.referees.metrics]
prometheus_address query_interval queries

[runners.{ssh,docker,parallels,virtualbox,machine,custom,instance,autoscaler}]
moot: it is another executor's table
*
"""
