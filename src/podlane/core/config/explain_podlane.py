"""What podlane's own keys do; see explain.py."""

PODLANE = """
[runners.podlane]
pending_limit: While so many pods wait for a node, no more jobs are asked for: they are better off
  in GitLab's queue, where another runner can take them. 0: any number.
  = 10
pod_dir (path) $: podlane's own folder in a job's pod, for the scripts' way into the build
  container, the plan and what is still to be sent.
  = "/run/podlane"
service_logs: Whether a job with `CI_DEBUG_SERVICES` shows what its services print. The manager then
  needs the right `get` on `pods/log`.
  = true
pods_url: The address of GitLab for the jobs' pods, where they cannot use `url`.
  = "http://gitlab-webservice.gitlab.svc:8181"
scope: Which processes end with a step that is stopped: all of the `container`, or those of the
  step's `session`, where containers do not have their own cgroup.
  = "session"
service_timeout (seconds): How long a service may take to answer on its ports before the job fails
  for it. 0: as long as the job may take.
  = 120
resource_report: Whether the log ends with a block of times, memory and CPU, and with hints on
  requests and limits.
  = false
log_to_stdout: Whether the container `helper` also prints the job's log, for whoever collects the
  logs of containers: the same bytes that GitLab gets, masked, and cut at `output_limit`.
  = true
keep_failed_pods (Go duration, or minutes): For how long the pod of a failed job stays, so that
  people can look into it; the end of the job's log says how. Empty or 0: not at all.
  = "30m"
do_not_disrupt: Whether each pod carries the marks by which Karpenter and the Cluster Autoscaler
  leave its node alone while the job runs.
"""
