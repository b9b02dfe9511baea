"""What affinity and pause pods do in `[runners.kubernetes]`; see explain.py."""

_TERMS = (
    "{required_during_scheduling_ignored_during_execution,"
    "preferred_during_scheduling_ignored_during_execution.pod_affinity_term}"
)

SCHEDULING = f"""
[runners.kubernetes.affinity]
node_affinity: Nodes that pods are drawn to, by the nodes' labels.
pod_affinity: Pods that a job's pod wants to be near.
pod_anti_affinity: Pods that a job's pod wants to be far from.

[runners.kubernetes.affinity.node_affinity]
required_during_scheduling_ignored_during_execution: What a node must have. No such node: the pod
  waits.
preferred_during_scheduling_ignored_during_execution: What is better for a node to have, by weight.

[runners.kubernetes.affinity.node_affinity.required_during_scheduling_ignored_during_execution]
node_selector_terms: One of these must fit.

[runners.kubernetes.affinity.node_affinity.preferred_during_scheduling_ignored_during_execution]
weight: How much it counts, from 1 to 100.
  = 50
preference: What the node is to have.

[runners.kubernetes.affinity.node_affinity.{{required_during_scheduling_ignored_during_execution.node_selector_terms,preferred_during_scheduling_ignored_during_execution.preference}}]
match_expressions: Conditions on the node's labels, which must all hold.
match_fields: Conditions on the node's fields, of which Kubernetes knows `metadata.name`.

[runners.kubernetes.affinity.node_affinity.{{required_during_scheduling_ignored_during_execution.node_selector_terms,preferred_during_scheduling_ignored_during_execution.preference}}.match_expressions]
key: The name of the label.
  = "kubernetes.io/arch"
operator: `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
  = "In"
values: What it is compared with; none for `Exists` and `DoesNotExist`.
  = ["amd64"]

[runners.kubernetes.affinity.node_affinity.{{required_during_scheduling_ignored_during_execution.node_selector_terms,preferred_during_scheduling_ignored_during_execution.preference}}.match_fields]
key: The name of the field, which can only be `metadata.name`.
  = "metadata.name"
operator: `In` or `NotIn`.
  = "NotIn"
values: What it is compared with.
  = ["node-7"]

[runners.kubernetes.affinity.{{pod_affinity,pod_anti_affinity}}]
required_during_scheduling_ignored_during_execution: What must hold where the pod runs. No such
  place: the pod waits.
preferred_during_scheduling_ignored_during_execution: What is better to hold, by weight.

[runners.kubernetes.affinity.{{pod_affinity,pod_anti_affinity}}.preferred_during_scheduling_ignored_during_execution]
weight: How much it counts, from 1 to 100.
  = 50
pod_affinity_term: Which pods, and how near.

[runners.kubernetes.affinity.{{pod_affinity,pod_anti_affinity}}.{_TERMS}]
label_selector: Which pods, by their labels.
namespaces: In which namespaces they are looked for. Empty: the job's own.
  = ["ci"]
namespace_selector: The same, by the namespaces' labels.
topology_key: What is one place: nodes with the same value of this label.
  = "kubernetes.io/hostname"
match_label_keys: Labels in which those pods must agree with the job's (Kubernetes 1.31 or newer).
  = ["example.com/team"]
mismatch_label_keys: Labels in which they must differ (Kubernetes 1.31 or newer).
  = ["example.com/tenant"]

[runners.kubernetes.affinity.{{pod_affinity,pod_anti_affinity}}.{_TERMS}.{{label,namespace}}_selector]
match_labels: Labels and their values, which must all be there.
  = {{ app = "build-cache" }}
match_expressions: Conditions on the labels, which must all hold.

[runners.kubernetes.affinity.{{pod_affinity,pod_anti_affinity}}.{_TERMS}.{{label,namespace}}_selector.match_expressions]
key: The name of the label.
  = "app"
operator: `In`, `NotIn`, `Exists` or `DoesNotExist`.
  = "In"
values: What it is compared with; none for `Exists` and `DoesNotExist`.
  = ["build-cache"]

[runners.kubernetes.autoscaler]
max_pause_pods: The most pause pods at one time; 0: as many as the policies ask for.
  = 20
pause_pod_image: The image of the pause pods, which does nothing.
  = "registry.example.com/pause:3.10"
pause_pod_priority_class_name: Their priority class, which must be lower than the jobs'. Empty: one
  that podlane makes.
  = "ci-pause"
pause_pod_image_pull_secrets: Secrets that hold passwords for the registry of their image.
  = ["registry-example-com"]
policy: How many pause pods there are, by the time of day. The last one whose time fits counts.

[runners.kubernetes.autoscaler.policy]
periods: When the policy counts, as cron lines of five fields. Empty: always.
  = ["* 7-19 * * mon-fri"]
timezone: The time zone of `periods`. Empty: that of the manager's machine.
  = "Europe/Paris"
idle_count: So many pods at least.
  = 4
idle_time (Go duration): How long more pods than are needed stay before they go.
  = "10m"
scale_factor: So many pods for each running job, where that is more than `idle_count`.
  = 0.5
scale_factor_limit: The most pods that `scale_factor` asks for; 0: any number.
  = 10
preemptive_mode: Whether another executor's machines are made before a job is asked for.
"""
