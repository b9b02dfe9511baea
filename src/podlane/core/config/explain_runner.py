"""What the keys of `[[runners]]` and its small tables do; see explain.py."""

RUNNER = """
[runners]
name: What the runner is called in logs, metrics and at the head of each job's log.
  = "builder"
url: The address of GitLab. `$NAME` stands for a variable of the manager's environment; one that is
  not set stops the start.
  = "https://gitlab.example.com"
token: The runner's own token, as GitLab shows it once (`glrt-…`). `$NAME` stands for a variable of
  the manager's environment, so that the file need not hold it.
  = "$RUNNER_TOKEN"
id: The number that GitLab gave to the runner. `register` writes it; `list`, `verify` and
  `reset-token --id` know the runner by it.
  = 42
executor: What jobs run in; podlane has `kubernetes`. A runner with another word takes no jobs, and
  the other runners of the file go on.
  = "kubernetes"
token_obtained_at: When the token was issued. `register`, `reset-token` and the manager write it.
  = 2026-11-01T08:00:00Z
token_expires_at: When the token ends. At three quarters of its life the manager exchanges it for a
  new one and writes all three keys anew, unless `FF_DISABLE_AUTOMATIC_TOKEN_ROTATION` is on.
  = 2026-12-01T08:00:00Z
tls-ca-file (path): Certificates that GitLab is trusted by beside the system's own, as PEM. Empty:
  `certs/<host>.crt` beside config.toml, if it is there. Jobs' pods trust them too.
  = "/etc/podlane/gitlab-ca.crt"
tls-cert-file (path): The certificate by which the runner proves itself to GitLab, as PEM. Empty:
  `certs/<host>.auth.crt` beside config.toml, if it is there.
  = "/etc/podlane/client.crt"
tls-key-file (path): The key of `tls-cert-file`. Empty: `certs/<host>.auth.key`, if it is there.
  = "/etc/podlane/client.key"
limit: Jobs of this runner at once, over all managers of one installation; 0 is as many as
  `concurrent` allows.
  = 8
output_limit (KiB): How much of a job's output reaches GitLab. What is beyond is dropped, which a
  line in the log says; the job goes on. 0 is 4096.
  = 16384
request_concurrency: How many questions for jobs may be under way at one time. More than one helps
  where jobs come in bursts.
  = 4
strict_check_interval: Whether the pause of `check_interval` is kept after a job, too. Else the next
  question follows at once.
  = true
unhealthy_requests_limit: So many refusals of the runner in a row, and it rests for
  `unhealthy_interval`.
  = 10
unhealthy_interval (Go duration): How long a runner that GitLab refuses asks for nothing.
  = "20m"
job_status_final_update_retry_limit: How often gitlab-runner sends the last word of a job while
  GitLab does not take it.
labels: Labels that GitLab is told of the runner, beside those at the top of the file. Keys are 3 to
  65 letters, digits, `_`, `.` and `-`; there may be 32.
  = { region = "eu-1", arch = "arm64" }
builds_dir (path) $: The folder of the working copies in the containers. A volume of the config at
  this path keeps them from one job to the next.
  = "/builds/$CI_CONCURRENT_ID"
cache_dir (path) $: The folder of local caches. They go with the pod unless a volume of the config
  is mounted there.
  = "/mnt/cache"
clone_url: Sources are fetched from here in place of the address that GitLab names for itself, such
  as one inside the cluster.
  = "http://gitlab-webservice.gitlab.svc:8181"
environment $: Variables of every job, each as `KEY=value`; a value may refer to other variables.
  Those that the job brings go before them.
  = ["HTTPS_PROXY=http://proxy.example.com:3128", "LC_ALL=C.UTF-8"]
proxy_exec: Lets gitlab-runner's scripts run through its helper, which masks and cuts their output.
pre_get_sources_script: Shell lines that run in the helper container before the sources are fetched.
  = "git config --global http.proxy http://proxy.example.com:3128"
post_get_sources_script: Shell lines that run in the helper container once the sources are there.
  = "git submodule status"
pre_build_script: Shell lines that run in the build container before the job's own, in the same
  shell: what they export or define, the job's script has.
  = "npm config set registry https://npm.example.com"
post_build_script: Shell lines that run after the job's own script in the same shell, if it has not
  failed; before `after_script`.
  = "du -sh ."
prepare_timeout (Go duration): How long it may take in all until the build container runs: nodes,
  pulls, further attempts. Empty, 0 or more than the job has: no limit but `poll_timeout`, which is
  for each wait by itself.
  = "10m"
get_sources_timeout (Go duration): How long fetching the sources may take, tries and submodules
  included. Empty, 0 or more than the job has: the job's own time-out.
  = "15m"
debug_trace_disabled: Whether `CI_DEBUG_TRACE` of a job is ignored, so that no shell shows each line
  with its values.
  = true
safe_directory_checkout: Whether git in the job's scripts trusts the working copy whoever owns it,
  its submodules included.
  = false
clean_git_config: Whether hooks and settings that an earlier job left in `.git` are removed before
  the sources are fetched.
  = false
shell: What job scripts are written for: `bash` (and `sh` where an image has no bash), `sh`, `pwsh`
  or `powershell`.
  = "sh"
step_runner_image: An image with GitLab's step-runner, which scripts do not need; a job of `run:`
  steps is refused.
use_slot_cgroups: Puts the processes of a slot of gitlab-runner's shell or docker executor into a
  cgroup.
slot_cgroup_template: The name of that cgroup.
custom_build_dir: Whether jobs may choose where their working copy lies.
feature_flags: Switches by their name (`FF_…`) and `true` or `false`. What stands here goes before
  what a job says; `podlane config explain FF_…` tells each.
  = { FF_TIMESTAMPS = false }
artifact: How long an upload of artifacts may take.
cache: Where caches are kept, beside the pod's own folder.
monitoring: From when on a job counts as kept waiting.
experimental: Tables that GitLab still calls experiments.
referees: What gitlab-runner's docker-machine executor would tell of a job's machine.
kubernetes: How a job becomes a pod.
podlane: podlane's own keys. gitlab-runner does not know the table and ignores it.
{ssh,docker,parallels,virtualbox,machine,custom,instance,autoscaler}: The table of another executor.

[runners.custom_build_dir]
enabled: Whether `GIT_CLONE_PATH` of a job counts. The path must lie inside `builds_dir` then; where
  this is false, a job that sets it is refused.
  = false

[runners.artifact]
upload_timeout (Go duration): How long one upload may take as a whole.
  = "2h"
response_header_timeout (Go duration): How long GitLab may take to answer, once it has all of the
  archive.
  = "20m"

[runners.experimental]
boot_verify: Whether a manager counts as ready only once GitLab has answered it.

[runners.experimental.boot_verify]
enabled: Whether the runner asks for jobs, and the manager is ready, only once GitLab has confirmed
  its token. At start only.
  = true
timeout (Go duration): After that the log says that it has failed. It is tried on, and the manager
  is not ready before it has succeeded.
  = "2m"
acquire_min_backoff (Go duration): The pause after the first try that failed; it grows from there.
  = "2s"
acquire_max_backoff (Go duration): The longest such pause.
  = "30s"

[runners.monitoring]
job_queuing_durations: How long a job may have waited in GitLab's queue, by the time of day. The
  last entry whose time fits counts.

[runners.monitoring.job_queuing_durations]
periods: When the entry counts, as cron lines of five fields.
  = ["* 8-18 * * mon-fri"]
timezone: The time zone of `periods`, as `Europe/Paris`. Empty: that of the manager's machine.
  = "Europe/Paris"
threshold (Go duration): A job that waited longer is counted in the metric of jobs kept waiting.
  = "2m"
jobs_running_for_project (regular expression): Only jobs count whose project has a number of running
  jobs that fits; GitLab sends it as `0`, `1`, … or `Inf+`. Empty: every job counts.
  = "^[0-9]$"

[runners.referees]
metrics: Figures of a job's machine, from Prometheus.

[runners.referees.metrics]
prometheus_address: The Prometheus that would be asked.
query_interval: In steps of so many seconds.
queries: What it would be asked.
"""
