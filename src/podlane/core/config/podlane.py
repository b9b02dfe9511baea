"""`[runners.podlane]`: podlane's own keys, which gitlab-runner ignores."""

from __future__ import annotations

import msgspec


class PodlaneConfig(msgspec.Struct, frozen=True):
    """`[runners.podlane]`: podlane's own keys, which gitlab-runner ignores."""

    pending_limit: int = 3  # pods that wait for a node before no more jobs are asked for; 0: any
    pod_dir: str = "/podlane"  # podlane's own root in a job's pod; job variables are expanded
    service_logs: bool = False  # CI_DEBUG_SERVICES may show what services print: needs pods/log
    pods_url: str = ""  # GitLab's address for the jobs' pods, where it is not `url`
    scope: str = "container"  # whose processes a stopped step ends: "container" or "session"
    service_timeout: int = 300  # seconds a service has to answer on its ports; 0: no limit
    resource_report: bool = True  # the block of times, memory and CPU at the end of the log
    log_to_stdout: bool = False  # the helper prints the job's log, as masked as GitLab gets it
    keep_failed_pods: str = ""  # Go duration, or a number of minutes; for looking into them
    do_not_disrupt: bool = False  # marks that Karpenter and the Cluster Autoscaler heed
