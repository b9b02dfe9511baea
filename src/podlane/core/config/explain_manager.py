"""What the keys outside `[[runners]]` do; see explain.py."""

MANAGER = """
[]
concurrent: Jobs at once over all runners of the file and all managers of one installation. While
  that many live, nobody asks GitLab for more.
  = 20
check_interval (seconds): The pause between two questions of one runner for a job; 0 is 3. A GitLab
  that holds the question open until a job is there makes the pause matter little.
  = 5
log_level: From which level on the manager's own log is written: `debug`, `info`, `warning`,
  `error`, `fatal` or `panic`. A flag or LOG_LEVEL goes before it. Jobs' logs have nothing to do
  with it.
  = "warning"
log_format: How the manager writes its own log: `runner` (one line for people), `text` or `json`.
  = "json"
listen_address: Where metrics and health are served over HTTP, as `host:port`; without a port, 9252.
  Empty: nowhere. There is no password: bind it where only those who may see it can reach it.
  = ":9252"
shutdown_timeout (seconds): How long a manager that is told to stop may take for launches under way;
  0 is 30. What is not done then, the next manager finishes. Running jobs are not waited for: they
  go on without a manager.
  = 20
connection_max_age (Go duration): After that a connection to GitLab is opened anew, so that changes
  of its address are noticed. 0 or less: never.
  = "5m"
sentry_dsn: The address of a Sentry project that errors of the manager itself are sent to, without
  job data and secrets. Empty: SENTRY_DSN of its environment, or else they stand in the log alone.
  = "https://key@sentry.example.com/7"
labels: Labels for every runner of the file; those of a runner go before them. They are reported to
  GitLab and stand in usage records.
  = { region = "eu-1" }
user: The system user of gitlab-runner's shell executor.
session_server: Where interactive terminals would be served.
experimental: Tables that GitLab still calls experiments.
machine: What the whole file says of docker-machine.
runners: One entry for each runner: a GitLab, a token, and how its jobs are run.

[session_server]
listen_address: Where the server of terminals would listen, as `host:port`.
  = "[::]:8093"
advertise_address: The `host:port` at which GitLab would reach that server; without a scheme.
  = "runner.example.com:8093"
session_timeout (seconds): How long a finished job would be kept for a terminal that is still open.
  = 3600

[experimental]
usage_logger: A record of each finished job, for who counts what jobs cost.

[experimental.usage_logger]
enabled: Whether the records are written.
  = true
writers: Where they go: `logrotate` is a folder of files, `snowplow_billing` GitLab's own
  accounting, which has no effect.
  = ["logrotate", "snowplow_billing"]
logrotate: The folder of files, and how many there are.
{log_dir,labels,max_backup_files}: The older place of the key of the same name in `logrotate`, which
  goes before it.
max_rotation_age (Go duration): The older place of the key of the same name in `logrotate`, which
  goes before it.
snowplow_billing: Where GitLab's own accounting listens, and what it is told.

[experimental.usage_logger.logrotate]
log_dir (path): The folder of the files. Empty: `usage-log` beside config.toml.
  = "/var/log/podlane/usage"
max_backup_files: How many full files are kept; the oldest goes first.
  = 30
max_rotation_age (Go duration): After that a new file is begun, however small the last one is.
  = "12h"
labels: Pairs that each record carries, beside the labels of the runner.
  = { team = "platform" }

[experimental.usage_logger.snowplow_billing]
collector_uri: The address that takes the records.
app_id: By what name the sender is known there.
category: The category that the records are counted under.
realm: Which kind of GitLab the runner belongs to, such as `SaaS` or `SM`.
deployment_type: How that GitLab is run.
metadata: Further pairs of each record.
enable_oidc: Whether the sender proves itself by an identity of its cloud.
batch_delivery_duration_buckets: The steps of a metric of how long sending takes.
skip_oidc_if_unsupported_cloud: Whether a machine without such an identity sends without it.
skip_runner_system_failure: Whether jobs that failed by the runner's fault are left out.

[machine]
shutdown_drain: How machines are taken away when the manager ends.

[machine.shutdown_drain]
enabled: Whether they are taken away at all.
concurrency: How many at one time.
max_retries: How often it is tried again.
retry_backoff (Go duration): The pause before that.
"""
