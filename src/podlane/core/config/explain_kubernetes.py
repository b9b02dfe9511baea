"""What the keys of `[runners.kubernetes]` do, but for resources; see explain.py."""

KUBERNETES = """
[runners.kubernetes]
host: The API server. Empty: the service account of the pod that the manager runs in, else
  KUBECONFIG or `~/.kube/config`.
  = "https://kubernetes.example.com:6443"
context: Which context of the kubeconfig is used, where one is. Empty: its current one.
  = "ci-cluster"
cert_file (path): The certificate by which the manager proves itself to `host`, as PEM; with it
  `key_file` and `ca_file` are needed.
  = "/etc/podlane/kube.crt"
key_file (path): The key of `cert_file`.
  = "/etc/podlane/kube.key"
ca_file (path): Certificates that `host` is trusted by, as PEM.
  = "/etc/podlane/kube-ca.crt"
bearer_token: A service account's token by which the manager proves itself to `host`.
bearer_token_overwrite_allowed: Whether a job may bring the token that its own objects are made by.
  = true
namespace: Where jobs' pods and Secrets live. Empty: `default`.
  = "ci"
namespace_overwrite_allowed (regular expression): Which namespaces a job may choose. Empty: none,
  and the variable is ignored.
  = "^ci-.*$"
namespace_per_job: Whether each job has a namespace of its own, made for it and deleted with it.
  = true
image $: The image of jobs that name none. Without it such a job is refused.
  = "debian:12"
helper_image $: podlane's own image, for the helper of each pod. Empty, or gitlab-runner's helper:
  the image that the manager runs in, else the released one of the same version.
  = "registry.example.com/podlane:0.1.0"
helper_image_flavor: Which Linux gitlab-runner's helper image is built on.
helper_image_autoset_arch_and_os: Lets gitlab-runner pick a helper image of the manager's own
  architecture.
pull_policy: When images are pulled: `always`, `if-not-present` or `never`. Of a list the next one
  is tried when an image does not come. Unset: the cluster decides.
  = ["always", "if-not-present"]
allowed_pull_policies: Which of them `pull_policy` of a pipeline may ask for. Empty: those of
  `pull_policy`.
  = ["always", "if-not-present"]
allowed_images (patterns): Which images a job may name; `*` does not cross a `/`, `**` does. Empty:
  any. The runner's own `image` is always allowed.
  = ["registry.example.com/**", "debian:*"]
allowed_services (patterns): The same for the services that a job names.
  = ["postgres:*", "docker:*-dind"]
{allowed_users,allowed_groups}: Whom a job may run as, in numbers (`image:kubernetes:user`). Empty:
  anyone but root; root must be listed. What is not allowed is a warning, and does not count.
  = ["1000", "1001"]
image_pull_secrets: Secrets of the namespace that hold passwords for registries.
  = ["registry-example-com"]
use_service_account_image_pull_secrets: Whether pods name no pull Secret at all, so that those of
  their service account count alone.
  = true
resource_availability_check_max_attempts: How often, 5 seconds apart, a job waits for its service
  account and pull Secrets to be there. 0: nobody looks; less than 0: 5.
  = 12
services: Services of every job, beside those that it names itself.
service_account: Under which account of the namespace jobs run. Naming one gives the build container
  its token, and no other container.
  = "ci-jobs"
service_account_overwrite_allowed (regular expression): Which accounts a job may choose. Empty:
  none, and the variable is ignored.
  = "^ci-.*$"
automount_service_account_token: Whether the build container has the account's token. Unset: where
  an account is named.
  = false
privileged: Whether containers run with all rights of their node, as building images by docker
  needs. The security context of a container goes before it.
  = true
allow_privilege_escalation: Whether processes may gain rights that their parent has not, such as by
  sudo. The security context of a container goes before it.
  = false
cap_add: Capabilities that containers have beside the usual ones, with `CAP_` or without.
  = ["NET_RAW"]
cap_drop: Capabilities that containers do not have; it goes before `cap_add`. `NET_RAW` is dropped
  wherever `cap_add` does not ask for it, and in containers without root all the others too.
  = ["ALL"]
node_selector: Labels that a node must have for pods to run there.
  = { "kubernetes.io/arch" = "amd64" }
node_tolerations: Taints that pods put up with, as `key` or `key=value`, with their effect; an empty
  effect is every effect.
  = { "ci-only=true" = "NoSchedule" }
{node_selector,node_tolerations,pod_labels,pod_annotations}_overwrite_allowed (regular expression):
  What a job may add by variables whose names begin so; each value must fit the pattern. Empty:
  none, and the variables are ignored.
  = "^kubernetes.io/arch=(amd64|arm64)$"
affinity: Which nodes pods are drawn to or kept from, by the nodes' labels or by other pods there.
priority_class_name: The class that says how pods stand against others when a node is full.
  = "ci-jobs"
runtime_class_name: The class that says what containers are run by, such as gVisor.
  = "gvisor"
scheduler_name: The scheduler that places the pods. Empty: the cluster's usual one.
  = "batch-scheduler"
pod_labels $: Labels of the pods beside podlane's and gitlab-runner's, which stay. Values are cut to
  what a label may be.
  = { team = "platform", branch = "$CI_COMMIT_REF_SLUG" }
pod_annotations $: Annotations of the pods; those of gitlab-runner can be replaced, podlane's
  cannot.
  = { "example.com/cost-centre" = "4711" }
pod_disruption_budget: Whether each pod has a PodDisruptionBudget, so that draining a node waits for
  its jobs.
  = true
pod_security_context: Who all containers of the pod run as, and whose the volumes are.
{build,helper,service}_container_security_context: Who these containers run as and what they may do,
  where that differs from the pod's.
init_permissions_container_security_context: The same for a container of gitlab-runner that opens
  the log file for all.
container_lifecycle: What Kubernetes does after a container's start and before its stop, in every
  container of the pod.
dns_policy: How pods look names up: `cluster-first`, `cluster-first-with-host-net`, `default` (as
  the node does) or `none` (as `dns_config` says).
  = "default"
dns_config: Name servers and search domains of the pods.
host_aliases: Further names in `/etc/hosts` of the containers.
volumes: What is mounted in every container, beside podlane's own.
pod_spec: Patches of the finished pod, in order, for what no key is there for. They count with
  `FF_USE_ADVANCED_POD_SPEC_CONFIGURATION`.
autoscaler: Pods that do nothing but keep nodes ready, and give way when jobs need the room.
logs_base_dir (path): Where gitlab-runner puts the file that a step's output goes through.
scripts_base_dir (path): Where gitlab-runner puts the scripts of the steps.
poll_interval (seconds): How often gitlab-runner looks at a pod.
poll_timeout (seconds): How long a pod may wait for a node, and again for each image, before the job
  fails with what it waited for.
  = 600
print_pod_warning_events: Whether the job's log says what its pod waits for, and what the cluster
  warned of when the job fails for it.
  = false
pod_termination_grace_period_seconds (seconds): How long containers may take to end when the pod is
  deleted or evicted; a script that ends within it counts. Unset: 30.
  = 300
cleanup_grace_period_seconds (seconds): How long the containers of a pod that podlane deletes may
  take to end. Unset: 1 second for one that has finished.
  = 10
cleanup_resources_timeout (Go duration): How long gitlab-runner goes on trying to clean up.
retry_limit: How often gitlab-runner repeats a call of the cluster that failed.
retry_backoff_max (milliseconds): The longest pause between two tries of making a job's objects; no
  less than 500. 0: podlane's own pace.
  = 5000
retry_limits: How often the making of a job's objects is tried, by a piece of the API's sentence. It
  lets a refusal be tried again that would be final; what else may pass is tried until
  `poll_timeout`.
  = { "exceeded quota" = 20 }
{suspend_pvc_size,suspend_pvc_storage_class}: The claim that GitLab's suspended environments live
  on.
terminationGracePeriodSeconds (seconds): An old name of a grace period that gitlab-runner reads no
  more.
"""
